# ./annulet package; read by the launcher, whose functions and variables it uses, once the program is built.
#
#   ./annulet package [image]      build/package/annulet: a folder that runs without a JDK, wherever it is put
#   ./annulet package deb          build/package/annulet_VERSION_ARCHITECTURE.deb
#   ./annulet package container    the image annulet:VERSION in the local Docker, made from nothing but these files
#
# What is there and newer than its sources is not made again. The last line printed is what was asked for.

out=$build/package
sources=$root/deploy/package

package() {
  local what=${1:-image}
  case $what in
    image | deb | container) ;;
    *)
      sed -n '3,7s/^# \{0,1\}//p' "$sources/package.sh"
      [[ $what == --help || $what == -h ]] && return 0
      return 2
      ;;
  esac
  mkdir -p "$out"
  version=$(sed -n 's:.*<version>\(.*\)</version>.*:\1:p' "$root/pom.xml" | head -n 1)
  (
    flock 9
    make_image
    [[ $what == image ]] || make_"$what"
  ) 9>"$out/lock" || return 1
  case $what in
    image) echo "$out/annulet" ;;
    deb) echo "$(deb_file)" ;;
    container) echo "annulet:$version" ;;
  esac
}

# Whether $1 is there and neither the program nor what packages are made of is newer.
is_fresh() {
  [[ -e $1 && -z $(find "$build/stamp" "$root/deploy/package" "$root/deploy/systemd" "$root/deploy/container" \
    -newer "$1" -print -quit) ]]
}

# The folder is made under another name, since a program may run from the one before.
make_image() {
  local image=$out/annulet.new jar
  is_fresh "$out/annulet/annulet.aot" && return
  say "annulet: making a runtime image (log: build/package/image.log)"
  rm -rf "$image"
  mkdir -p "$image/jars" "$image/native"
  cp "$build"/lib/*.jar "$image/jars/"
  cp "$root/deploy/jvm.options" "$sources/annulet" "$image/"
  cp "$root/LICENSE" "$image/"
  "$jdk/bin/jlink" --add-modules "$(<"$sources/modules")" --strip-java-debug-attributes --no-header-files \
    --no-man-pages --output "$image/runtime" >"$out/image.log" 2>&1 || die "jlink failed, see build/package/image.log"
  # Netty would unpack it into a temporary folder at each start, where a hardened system executes nothing.
  for jar in "$image"/jars/netty-transport-native-epoll-*linux*.jar; do
    (cd "$image/native" && "$jdk/bin/jar" --extract --file "$jar" META-INF/native && mv META-INF/native/* . && rm -r META-INF)
  done
  # The cache knows its jars by their times, which packages keep to the second.
  find "$image" -exec touch -h -d @"$(stat -c %Y "$build/stamp")" {} +
  rm -rf "$out/annulet"
  mv "$image" "$out/annulet"
  train_with "$out/annulet/annulet.aot" "$out/image.log" "$out/annulet/runtime/bin/java" @"$out/annulet/jvm.options" \
    -Djava.library.path="$out/annulet/native" -Dannulet.installed=true -cp "$(image_classpath "$out/annulet")" \
    || die "no start-up cache, see build/package/image.log"
  "$out/annulet/annulet" pages "$out/pages" >>"$out/image.log" 2>&1 || die "no manual, see build/package/image.log"
}

image_classpath() { # image_classpath FOLDER: as the image's own launcher has it
  local jars=("$1"/jars/*.jar) IFS=:
  printf '%s' "${jars[*]}"
}

deb_architecture() { case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac; }

# A version that is not released comes before the one that is: a tilde.
deb_version() { tr '[:upper:]' '[:lower:]' <<<"${version/-/\~}"; }

deb_file() { echo "$out/annulet_$(deb_version)_$(deb_architecture).deb"; }

make_deb() {
  local tree=$out/deb page
  is_fresh "$(deb_file)" && return
  command -v dpkg-deb >/dev/null || die "dpkg-deb is needed for a Debian package: run this on Debian, or install dpkg"
  say "annulet: making a Debian package"
  rm -rf "$tree"
  mkdir -p "$tree"/{DEBIAN,etc/default,usr/bin,usr/lib/systemd/system,usr/libexec/annulet,usr/share/doc/annulet/examples} \
    "$tree"/usr/share/{man/man1,bash-completion/completions,qemu/vhost-user}
  cp -a "$out/annulet" "$tree/usr/lib/annulet"
  ln -s ../lib/annulet/annulet "$tree/usr/bin/annulet"
  install -m 755 "$sources/vhost-user-net" "$tree/usr/libexec/annulet/"
  install -m 644 "$sources/50-annulet-net.json" "$tree/usr/share/qemu/vhost-user/"
  install -m 644 "$root"/deploy/systemd/*.service "$root"/deploy/systemd/*.socket "$tree/usr/lib/systemd/system/"
  install -m 644 "$sources/debian/annulet.default" "$tree/etc/default/annulet"
  for page in "$out"/pages/man1/*.1; do gzip -9n <"$page" >"$tree/usr/share/man/man1/${page##*/}.gz"; done
  install -m 644 "$out/pages/annulet.bash" "$tree/usr/share/bash-completion/completions/annulet"
  install -m 644 "$root/deploy/libvirt/guest.xml" "$tree/usr/share/doc/annulet/examples/libvirt-guest.xml"
  gzip -9n <"$root/CHANGELOG.md" >"$tree/usr/share/doc/annulet/changelog.gz"
  install -m 644 "$root/LICENSE" "$tree/usr/share/doc/annulet/copyright"
  sed "s/@VERSION@/$(deb_version)/;s/@ARCHITECTURE@/$(deb_architecture)/;s/@SIZE@/$(du -sk "$tree" | cut -f 1)/" \
    "$sources/debian/control" >"$tree/DEBIAN/control"
  install -m 755 "$sources"/debian/{postinst,prerm,postrm} "$tree/DEBIAN/"
  (cd "$tree" && find etc -type f -printf '/%p\n') >"$tree/DEBIAN/conffiles"
  dpkg-deb --root-owner-group -Zzstd -z3 --build "$tree" "$(deb_file)" >"$out/deb.log" 2>&1 \
    || die "dpkg-deb failed: $(tail -n 1 "$out/deb.log")"
  rm -rf "$tree"
}

# The files of the container: the image, and of the system only the libraries that it asks for.
make_container() {
  local tree=$out/container library classpath docker=${DOCKER:-docker}
  command -v "$docker" >/dev/null || die "Docker is needed for a container image: deploy/setup/install-tools docker as root"
  "$docker" version >/dev/null 2>&1 || die "no Docker answers: start dockerd, or join the group docker"
  if is_fresh "$out/container.id" && "$docker" image inspect "annulet:$version" >/dev/null 2>&1; then return; fi
  say "annulet: making the container image annulet:$version"
  rm -rf "$tree"
  mkdir -p "$tree"/files/{etc,tmp,run/annulet,usr/lib}
  chmod 1777 "$tree/files/tmp"
  cp -a "$out/annulet" "$tree/files/usr/lib/annulet"
  for library in $(libraries_of_image); do
    mkdir -p "$tree/files${library%/*}"
    cp -L "$library" "$tree/files$library"
  done
  printf 'root:x:0:0:root:/:/sbin/nologin\nannulet:x:990:990:Annulet:/:/sbin/nologin\n' >"$tree/files/etc/passwd"
  printf 'root:x:0:\nannulet:x:990:\n' >"$tree/files/etc/group"
  # There is no shell, so Java gets in a file what the launcher would say.
  classpath=$(cd "$out" && image_classpath annulet)
  {
    cat "$out/annulet/jvm.options"
    printf -- '-XX:AOTCache=/usr/lib/annulet/annulet.aot\n-Djava.library.path=/usr/lib/annulet/native\n'
    printf -- '-Dannulet.installed=true\n-cp\n"%s"\n' "${classpath//annulet\/jars//usr/lib/annulet/jars}"
  } >"$tree/files/usr/lib/annulet/container.options"
  cp "$root/deploy/container/Dockerfile" "$tree/"
  DOCKER_BUILDKIT=0 "$docker" build --quiet --tag "annulet:$version" --label "version=$version" "$tree" \
    >"$out/container.id" 2>"$out/container.log" || {
    rm -f "$out/container.id"
    die "docker build failed: $(tail -n 1 "$out/container.log")"
  }
  rm -rf "$tree"
}

libraries_of_image() {
  local libcrypto
  libcrypto=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | sed -nE 's/.*libcrypto\.so\.3 .*(x86-64|AArch64).* => //p' | head -n 1)
  {
    find "$out/annulet" \( -name '*.so' -o -path '*/bin/java' \) -exec ldd {} + 2>/dev/null | grep -oE '/[^ ]+' | grep -v ':$'
    if [[ -n $libcrypto ]]; then
      echo "$libcrypto"
      ldd "$libcrypto" | grep -oE '/[^ ]+'
    fi
  } | grep -v "^$out/" | sort -u
}
