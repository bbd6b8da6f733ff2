//! The command line, word by word.

use super::super::accel::Accel;
use super::*;

fn spec() -> MachineSpec {
    MachineSpec {
        processors: 2,
        memory_mib: 8_192,
        image: "m-1".to_owned(),
        system_disk: Some("d-root".into()),
        host_name: "web".to_owned(),
        mac: "00:16:3e:01:02:03".to_owned(),
        ..crate::hypervisor::qemu::tests::spec("i-bp1")
    }
}

fn line(boot: Boot) -> Vec<String> {
    line_with(boot, Card::Stream)
}

fn line_with(boot: Boot, card: Card) -> Vec<String> {
    let accel = Choice { accel: Accel::Tcg, cpu_model: "max", remark: None };
    let root = BootDisk {
        name: "d-root.1".to_owned(),
        serial: "root".to_owned(),
        port: 0,
        node: json!({
            "driver": "qcow2",
            "node-name": "d-root.1",
            "file": { "driver": "file", "filename": "/a \"strange\",path/d-root.qcow2" },
        }),
        secret: Some(
            json!({ "qom-type": "secret", "id": "key-d-root.1", "file": "/a,b/d-root.key" }),
        ),
        system: true,
        shared: false,
    };
    let spec = spec();
    let parts = Parts {
        spec: &spec,
        accel: &accel,
        machine_type: "pc-q35-7.2",
        boot,
        io_thread: true,
        agent_port: true,
        disks: vec![root],
        seed: None,
        card,
    };
    command_line(&parts).into_iter().map(|one| one.into_string().unwrap()).collect()
}

fn after<'l>(line: &'l [String], flag: &'l str) -> impl Iterator<Item = &'l String> {
    line.iter().zip(line.iter().skip(1)).filter(move |(one, _)| *one == flag).map(|(_, v)| v)
}

fn devices(line: &[String], driver: &str) -> Vec<Value> {
    let all = after(line, "-device").map(|text| serde_json::from_str::<Value>(text).unwrap());
    all.filter(|device| device["driver"] == driver).collect()
}

#[test]
fn command_line_gives_each_port_its_own_slot() {
    let line = line(Boot::Disk);
    let ports = devices(&line, "pcie-root-port");
    assert_eq!(ports.len(), 17);
    for key in ["id", "addr", "chassis", "slot"] {
        let mut seen: Vec<_> = ports.iter().map(|port| port[key].to_string()).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 17, "{key}");
    }
    assert_eq!(root_port(63)["addr"], "f.7");
    assert_eq!(self::ports(1_000), PORTS);
}

#[test]
fn command_line_keeps_the_console_and_opens_it_to_a_client() {
    let line = line(Boot::Disk);
    let console = after(&line, "-chardev").find(|text| text.contains("id=console")).unwrap();
    let wanted = "socket,id=console,path=console.sock,server=on,wait=off,\
                  logfile=console.log,logappend=on";
    assert_eq!(console, wanted);
    assert_eq!(after(&line, "-serial").collect::<Vec<_>>(), ["chardev:console"]);
}

#[test]
fn command_line_escapes_paths_and_boots_the_system_disk() {
    let line = line(Boot::Disk);
    let nodes: Vec<Value> =
        after(&line, "-blockdev").map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(nodes[0]["file"]["filename"], "/a \"strange\",path/d-root.qcow2");
    let disks = devices(&line, "virtio-blk-pci");
    assert_eq!(disks[0]["serial"], "root");
    assert_eq!(disks[0]["bootindex"], 0);
    assert_eq!(after(&line, "-kernel").count(), 0);
}

#[test]
fn command_line_gives_uefi_its_two_flash_chips() {
    let files = UefiFiles { firmware: "/f".into(), variables: "/v".into() };
    let line = line(Boot::Uefi(files));
    let machine = after(&line, "-machine").next().unwrap();
    assert!(machine.starts_with("pc-q35-7.2,") && machine.contains("pflash1=variables"));
    let nodes: Vec<Value> =
        after(&line, "-blockdev").map(|text| serde_json::from_str(text).unwrap()).collect();
    let files = nodes.iter().map(|node| (&node["node-name"], &node["read-only"]));
    let flash: Vec<_> = files.take(2).collect();
    assert_eq!(flash, [(&json!("firmware"), &json!(true)), (&json!("variables"), &json!(false))]);
    assert_eq!(devices(&line, "virtio-blk-pci")[0]["bootindex"], 0);
}

#[test]
fn command_line_gives_disks_a_thread() {
    let line = line(Boot::Disk);
    let objects = after(&line, "-object");
    let objects: Vec<Value> = objects.map(|text| serde_json::from_str(text).unwrap()).collect();
    let thread = objects.iter().find(|one| one["qom-type"] == "iothread").unwrap();
    assert_eq!(devices(&line, "virtio-blk-pci")[0]["iothread"], thread["id"]);
}

#[test]
fn block_device_admits_other_machines_only_if_it_is_shared() {
    assert_eq!(block_device("d-1.1", "1", 0, true, true)["share-rw"], true);
    assert_eq!(block_device("d-1.1", "1", 0, true, false).get("share-rw"), None);
}

#[test]
fn command_line_passes_kernel_arguments_as_one() {
    let boot = Boot::Kernel {
        kernel: "/k".into(),
        initrd: Some("/i".into()),
        command_line: "console=ttyS0 quiet -display gtk".to_owned(),
    };
    let line = line(boot);
    assert_eq!(after(&line, "-append").collect::<Vec<_>>(), ["console=ttyS0 quiet -display gtk"]);
    assert_eq!(after(&line, "-display").next().unwrap(), "none");
}

#[test]
fn command_line_gives_the_guest_the_card_of_its_network() {
    let netdev = |card| {
        let line = line_with(Boot::Disk, card);
        let cards = devices(&line, "virtio-net-pci");
        let found = after(&line, "-netdev").next().cloned();
        found.map(|text| {
            assert_eq!(cards[0]["mac"], "00:16:3e:01:02:03");
            serde_json::from_str::<Value>(&text).unwrap()
        })
    };
    assert_eq!(netdev(Card::Stream).unwrap()["addr"]["str"], "0");
    assert_eq!(netdev(Card::Tap).unwrap()["fd"], "0");
    assert_eq!(netdev(Card::Absent), None);
    let open = |line: Vec<String>| line.iter().any(|word| word.contains("\"user\""));
    assert!(!open(line(Boot::Disk)), "QEMU's own user network reaches the host's loopback");
}
