package io.annulet.backend.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PortSpecTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a=vhost-user:/run/a.sock,mode=server,queues=1,seal=auto,profile=qemu,perm=0660",
                "b=vhost-user:b.sock,mode=client,queues=4,seal=require,profile=generic,mtu=1500",
                "c=vhost-user:/x:y,mode=server,queues=128,seal=auto,profile=qemu,mtu=68,perm=0600,owner=root,group=0",
                "u=vhost-user:u,mode=server,queues=1,seal=auto,profile=qemu,perm=0666,allow-uid=0+1000,allow-gid=64055",
                "u=vhost-user:u,mode=client,queues=1,seal=auto,profile=qemu,allow-uid=1",
                "host=tap:annulet0,queues=1",
                "host=tap:vm%d,queues=2,mtu=9000",
                "host=tap:t0,queues=1,verify=7,io=uring",
                "w=pcap:/tmp/w.pcap,direction=write",
                "r=pcap:r.pcap,direction=read,pace=fast",
                "echo=loopback",
                "x=af_xdp:eth1,queue=0,mode=auto,open-checksums=auto,umem=own",
                "x=af_xdp:eth1,queue=3,mode=copy,open-checksums=off,busy-poll=20,umem=guest,program=libxdp",
                "nic=vfio:0000:02:00.0,zero-copy=tx",
                "nic=vfio:0000:02:00.0,zero-copy=off,mtu=9000,promiscuous=off,reset=optional,vlan=3",
                "nic=vfio:0000:02:00.0,zero-copy=tx,promiscuous=off,groups=none",
                "nic=vfio:0000:02:00.0,zero-copy=tx,promiscuous=off,groups=33:33:00:00:00:01+01:00:5e:00:00:fb",
                "v=vhost-user:v,mode=server,queues=1,seal=auto,profile=qemu,perm=0660,vlan=10",
                "v=tap:t,queues=1,trunk=1-4094",
                "v=pcap:f,direction=write,trunk=10+20-29+40,native=5",
                "v=loopback,vlan=4094",
                "s=loopback,vlan=1,allow-mac=52:54:00:00:00:01,allow-ip=10.0.0.1+10.1.0.0/16+fe80::/64,isolated=on",
                "s=loopback,allow-ip=::1",
                "l=loopback,rate-in=100000000,frames-in=2000,rate-out=1,frames-out=9,burst=5,storm=7,max-macs=1024",
            })
    void readsWhatThePortWritesOfItself(String spec) {
        assertEquals(spec, PortSpec.parse(spec).toString());
    }

    @Test
    void whatIsNotSaidIsTheDefault() {
        assertEquals(
                "a=vhost-user:/run/a.sock,mode=server,queues=1,seal=auto,profile=qemu,perm=0660",
                PortSpec.parse("a=vhost-user:/run/a.sock").toString());
        assertEquals(
                "a=vhost-user:/run/a.sock,mode=server,queues=1,seal=auto,profile=qemu,"
                        + "coalesce=adaptive,coalesce-frames=32,coalesce-micros=50,perm=0660",
                PortSpec.parse("a=vhost-user:/run/a.sock,coalesce=adaptive").toString());
        assertEquals("t=tap:t0,queues=1", PortSpec.parse("t=tap:t0").toString());
        assertEquals("p=pcap:f,direction=write", PortSpec.parse("p=pcap:f").toString());
        assertEquals(
                "p=pcap:f,direction=read,pace=recorded",
                PortSpec.parse("p=pcap:f,direction=read").toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "nonsense|'nonsense' is no port; write NAME=KIND:TARGET, for example a=vhost-user:/run/annulet/a.sock",
                "a=vhost-user|port a=vhost-user: it needs a socket: vhost-user:/run/a.sock",
                "a=tap:|port a=tap:: it needs an interface: tap:annulet0",
                "a=pcap|port a=pcap: it needs a file: pcap:/tmp/frames.pcap",
                "a=pcap:f,direction=in|port a=pcap:f,direction=in: direction=in: use write or read",
                "a=pcap:f,pace=fast|port a=pcap:f,pace=fast: pace is for direction=read: leave it out",
                "a=loopback:x|port a=loopback:x: loopback has no target: write a=loopback",
                "a=loopback,mtu=1500|port a=loopback,mtu=1500: loopback has no option mtu; it has allow-ip, allow-mac,"
                        + " burst, frames-in, frames-out, isolated, max-macs, mirror, mirror-dir, native,"
                        + " rate-in, rate-out, storm, switch,"
                        + " trunk, vlan",
                "a=loopback,rate-in=fast|port a=loopback,rate-in=fast: rate-in=fast: write a number such as 2000, 64k, "
                        + "100M or 10G",
                "a=loopback,burst=0|port a=loopback,burst=0: burst=0: 1 to 1000 milliseconds",
                "a=loopback,max-macs=1025|port a=loopback,max-macs=1025: max-macs=1025: 1 to 1024",
                "a=vhost-user:/s,allow-uid=no-such|port a=vhost-user:/s,allow-uid=no-such: there is no user 'no-such' in "
                        + "/etc/passwd; a number will do as well",
                "a=vhost-user:/s,allow-gid=0+|port a=vhost-user:/s,allow-gid=0+: there is no group '' in /etc/group; "
                        + "a number will do as well",
                "a=vhost-user:/s,queues|'queues' is no option; write option=value",
                "a=vhost-user:/s,|'' is no option; write option=value",
                "a=vhost-user:/s,=1|'=1' is no option; write option=value",
                "a=vhost-user:/s,mtu=|'mtu=' is no option; write option=value",
                "a=vhost-user:/s,mtu=68,mtu=69|option mtu is there twice; write it once",
                "a=tap:t0,seal=auto|port a=tap:t0,seal=auto: tap has no option seal; it has allow-ip, "
                        + "allow-mac, burst, frames-in, frames-out, io, isolated, max-macs, mirror, mirror-dir, mtu, native, "
                        + "queues, rate-in, rate-out, storm, switch, trunk, verify, vlan",
                "a=loopback,vlan=4095|port a=loopback,vlan=4095: vlan=4095: VLANs are 1 to 4094",
                "a=loopback,allow-mac=01:00:5e:00:00:01|port a=loopback,allow-mac=01:00:5e:00:00:01: "
                        + "'01:00:5e:00:00:01' is no MAC address of one station; write some, such as 52:54:00:00:00:01",
                "a=loopback,allow-ip=host|port a=loopback,allow-ip=host: 'host' is no IP address; write some, such as "
                        + "10.0.0.1+fd00::1+fe80::/64",
                "a=loopback,allow-ip=1.2.3.4/33|port a=loopback,allow-ip=1.2.3.4/33: '1.2.3.4/33': write 0 to 32 after "
                        + "the slash",
                "a=loopback,isolated=yes|port a=loopback,isolated=yes: isolated=yes: use off or on",
                "a=loopback,vlan=0|port a=loopback,vlan=0: vlan=0: VLANs are 1 to 4094",
                "a=loopback,trunk=0-9|port a=loopback,trunk=0-9: trunk=0: VLANs are 1 to 4094",
                "a=loopback,trunk=9-8|port a=loopback,trunk=9-8: trunk=9-8: ranges go up, to 4094 at most",
                "a=loopback,trunk=1+4095|port a=loopback,trunk=1+4095: trunk=1+4095: ranges go up, to 4094 at most",
                "a=loopback,trunk=x|port a=loopback,trunk=x: trunk=x: write numbers and ranges with + between them, "
                        + "such as 10+20-29",
                "a=loopback,vlan=1,trunk=2|port a=loopback,vlan=1,trunk=2: vlan is for a port in one VLAN, trunk for "
                        + "several: leave out one",
                "a=loopback,native=2|port a=loopback,native=2: native is for a trunk: write trunk=10+20-29 too, or"
                        + " vlan=2",
                "a=vhost-user:/s,mode=x|port a=vhost-user:/s,mode=x: mode=x: use server or client",
                "a=vhost-user:/s,seal=no|port a=vhost-user:/s,seal=no: seal=no: use auto or require",
                "a=vhost-user:/s,profile=QEMU|port a=vhost-user:/s,profile=QEMU: profile=QEMU: use qemu or generic",
                "a=vhost-user:/s,queues=two|port a=vhost-user:/s,queues=two: queues=two: write a whole number",
                "a=vhost-user:/s,queues=-1|port a=vhost-user:/s,queues=-1: queues=-1: write a whole number",
                "a=vhost-user:/s,queues=129|port a=vhost-user:/s,queues=129: queues=129: 1 to 128",
                "a=vhost-user:/s,mtu=67|port a=vhost-user:/s,mtu=67: mtu=67: 68 to 65535",
                "a=vhost-user:/s,coalesce=on,coalesce-frames=0|port a=vhost-user:/s,coalesce=on,coalesce-frames=0: "
                        + "coalesce-frames=0: 1 to 32768",
                "a=vhost-user:/s,coalesce=on,coalesce-micros=0|port a=vhost-user:/s,coalesce=on,coalesce-micros=0: "
                        + "coalesce-micros=0: 1 to 1000000",
                "a=vhost-user:/s,coalesce-micros=9|port a=vhost-user:/s,coalesce-micros=9: "
                        + "coalesce-frames and coalesce-micros are for coalesce=on or adaptive: leave them out",
                "a=vhost-user:/s,perm=888|port a=vhost-user:/s,perm=888: perm=888: write three octal digits, such as"
                        + " 0660",
                "a=vhost-user:/s,mode=client,perm=0600|port a=vhost-user:/s,mode=client,perm=0600: "
                        + "owner, group and perm are for mode=server: leave them out",
                "a=tap:a-very-long-name,mtu=1500|port a=tap:a-very-long-name,mtu=1500: "
                        + "'a-very-long-name' cannot be the name of an interface: use 1 to 15 letters and digits",
            })
    void everyMistakeIsOneLineThatSaysWhatToWrite(String spec, String message) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> PortSpec.parse(spec));
        assertEquals(message, e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a=nfs:/x", "a=:/x", "a=", "a=VHOST-USER:/x"})
    void anUnknownKindIsAnsweredWithTheKnownOnes(String spec) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> PortSpec.parse(spec));
        assertEquals(
                true,
                String.valueOf(e.getMessage()).contains("; use vhost-user, tap, af_xdp, vfio, pcap or loopback"),
                e::toString);
    }
}
