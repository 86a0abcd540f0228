package io.annulet.model;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;

/**
 * Adds all that an object holds to a fingerprint, private fields and what they refer to included, so that no field which
 * somebody adds to a ring half can be forgotten here. Stateless.
 */
final class ObjectState {

    private static final ClassValue<List<Field>> FIELDS = new ClassValue<>() {
        @Override
        protected List<Field> computeValue(Class<?> type) {
            List<Field> fields = new ArrayList<>();
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    fields.add(field);
                }
            }
            AccessibleObject.setAccessible(fields.toArray(AccessibleObject[]::new), true);
            return fields;
        }
    };

    private ObjectState() {}

    static void add(Object object, Fingerprint.Builder to) {
        switch (object) {
            case Integer number -> to.add(number);
            case Long number -> to.add(number);
            case Boolean bit -> to.add(bit ? 1 : 0);
            case Enum<?> constant -> to.add(constant.ordinal());
            case int[] numbers -> to.add(numbers);
            case long[] numbers -> to.add(numbers);
            default -> addParts(object, to);
        }
    }

    private static void addParts(Object object, Fingerprint.Builder to) {
        if (object.getClass().isArray()) {
            for (int i = 0; i < Array.getLength(object); i++) {
                add(Array.get(object, i), to);
            }
            return;
        }
        if (!object.getClass().getName().startsWith("io.annulet.")) {
            throw new IllegalStateException("no fingerprint of a " + object.getClass());
        }
        for (Field field : FIELDS.get(object.getClass())) {
            try {
                Object value = field.get(object);
                if (value != null) {
                    add(value, to);
                }
            } catch (IllegalAccessException impossible) {
                throw new IllegalStateException(impossible);
            }
        }
    }
}
