PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE disks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    zone TEXT NOT NULL,
    status TEXT NOT NULL,
    kind TEXT NOT NULL,
    category TEXT NOT NULL,
    charge_type TEXT NOT NULL,
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO disks VALUES(1,'d-bp103nemor995e11vudv','1000000000000001','cn-hangzhou','cn-hangzhou-b','In_use','system','cloud_efficiency','PostPaid','',1,'{"id":"d-bp103nemor995e11vudv","account":"1000000000000001","region":"cn-hangzhou","zone":"cn-hangzhou-b","kind":"system","category":"cloud_efficiency","size_gib":40,"charge_type":"PostPaid","portable":true,"encrypted":false,"delete_with_instance":true,"delete_auto_snapshot":true,"enable_auto_snapshot":true,"bursting_enabled":false,"multi_attach":false,"image":"ubuntu_22_04_x64_20G_alibase_20240926.vhd","created_at":1795829911910,"created":true,"attached_at":1795829911910,"delete_protected":false,"generation":1,"attachments":[{"instance":"i-bp103nemor9869mttk40","device":"/dev/xvda","attached_at":1795829911910,"generation":1,"phase":"attached"}]}');
INSERT INTO disks VALUES(2,'d-bp103nemoryijkmhvtll','1000000000000001','cn-hangzhou','cn-hangzhou-b','Detaching','data','cloud_essd','PostPaid','data',6,'{"id":"d-bp103nemoryijkmhvtll","account":"1000000000000001","region":"cn-hangzhou","zone":"cn-hangzhou-b","kind":"data","category":"cloud_essd","performance_level":"PL1","size_gib":20,"charge_type":"PostPaid","portable":true,"name":"data","description":"a disk","tags":[{"key":"team","value":"storage"},{"key":"env","value":"test"}],"encrypted":false,"delete_with_instance":false,"delete_auto_snapshot":true,"enable_auto_snapshot":true,"bursting_enabled":false,"multi_attach":false,"resource_group":"rg-1","created_at":1795829912001,"created":true,"attached_at":1795829912065,"delete_protected":false,"generation":1,"attachments":[{"instance":"i-bp103nemor9869mttk40","device":"/dev/xvdb","attached_at":1795829912065,"generation":1,"phase":{"detaching":{"delete_with_instance":false}}}]}');
INSERT INTO disks VALUES(3,'d-bp103nemos3sav2o0cen','1000000000000001','cn-hangzhou','cn-hangzhou-b','In_use','data','cloud_essd','PostPaid','web-1',3,'{"id":"d-bp103nemos3sav2o0cen","account":"1000000000000001","region":"cn-hangzhou","zone":"cn-hangzhou-b","kind":"data","category":"cloud_essd","performance_level":"PL1","size_gib":20,"charge_type":"PostPaid","portable":true,"name":"web-1","encrypted":false,"delete_with_instance":false,"delete_auto_snapshot":true,"enable_auto_snapshot":true,"bursting_enabled":false,"multi_attach":false,"created_at":1795829912020,"created":true,"attached_at":1795829912097,"delete_protected":false,"generation":1,"attachments":[{"instance":"i-bp103nemor9869mttk40","device":"/dev/xvdc","attached_at":1795829912097,"generation":1,"phase":"attached"}]}');
INSERT INTO disks VALUES(4,'d-bp103nemos6aq726jpjt','1000000000000001','cn-hangzhou','cn-hangzhou-b','Attaching','data','cloud_essd','PostPaid','',2,'{"id":"d-bp103nemos6aq726jpjt","account":"1000000000000001","region":"cn-hangzhou","zone":"cn-hangzhou-b","kind":"data","category":"cloud_essd","performance_level":"PL1","size_gib":20,"charge_type":"PostPaid","portable":true,"encrypted":false,"delete_with_instance":false,"delete_auto_snapshot":true,"enable_auto_snapshot":true,"bursting_enabled":false,"multi_attach":false,"created_at":1795829912029,"created":true,"attached_at":1795829913217,"delete_protected":false,"generation":1,"attachments":[{"instance":"i-bp103nemor9869mttk40","device":"/dev/xvdd","attached_at":1795829913217,"generation":1,"phase":"attaching"}]}');
INSERT INTO disks VALUES(5,'d-bp103nemp1esq6gasb8w','1000000000000001','cn-hangzhou','cn-hangzhou-b','Creating','data','cloud_essd','PostPaid','creating',1,'{"id":"d-bp103nemp1esq6gasb8w","account":"1000000000000001","region":"cn-hangzhou","zone":"cn-hangzhou-b","kind":"data","category":"cloud_essd","performance_level":"PL1","size_gib":20,"charge_type":"PostPaid","portable":true,"name":"creating","encrypted":false,"delete_with_instance":false,"delete_auto_snapshot":true,"enable_auto_snapshot":true,"bursting_enabled":false,"multi_attach":false,"created_at":1795829913226,"created":false,"delete_protected":false,"generation":0}');
CREATE TABLE attachments (
    instance TEXT NOT NULL,
    disk TEXT NOT NULL,
    device TEXT NOT NULL,
    phase TEXT NOT NULL,
    generation INTEGER NOT NULL,
    PRIMARY KEY (instance, disk)
) WITHOUT ROWID;
INSERT INTO attachments VALUES('i-bp103nemor9869mttk40','d-bp103nemor995e11vudv','/dev/xvda','"attached"',1);
INSERT INTO attachments VALUES('i-bp103nemor9869mttk40','d-bp103nemoryijkmhvtll','/dev/xvdb','{"detaching":{"delete_with_instance":false}}',1);
INSERT INTO attachments VALUES('i-bp103nemor9869mttk40','d-bp103nemos3sav2o0cen','/dev/xvdc','"attached"',1);
INSERT INTO attachments VALUES('i-bp103nemor9869mttk40','d-bp103nemos6aq726jpjt','/dev/xvdd','"attaching"',1);
CREATE TABLE instances (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO instances VALUES(1,'i-bp103nemor9869mttk40','1000000000000001','cn-hangzhou',2,'{"id":"i-bp103nemor9869mttk40","account":"1000000000000001","region":"cn-hangzhou","zone":"cn-hangzhou-b","instance_type":"ecs.g6.large","image":"ubuntu_22_04_x64_20G_alibase_20240926.vhd","name":"web-1","host_name":"iZbp103nemor9869mttk40Z","charge_type":"PostPaid","status":"Running","stopped_mode":"Not-applicable","deletion_protection":false,"tags":[{"key":"team","value":"storage"}],"system_disk":"d-bp103nemor995e11vudv","network":{"vswitch":"vsw-bp1lyx6vwzkp11owybg8","vpc":"vpc-bp18q84tk1h1177vcr2u","security_groups":["sg-bp1h1107hae164ksyb07"],"private_ip":"172.16.55.247","internet_max_bandwidth_out":0,"internet_max_bandwidth_in":10,"internet_charge_type":"PayByTraffic"},"spot_strategy":"NoSpot","created_at":1795829911910,"started_at":1795829911968,"releasing":false}');
CREATE TABLE user_data (
    instance TEXT PRIMARY KEY,
    data TEXT NOT NULL
);
INSERT INTO user_data VALUES('i-bp103nemor9869mttk40','aGVsbG8=');
CREATE TABLE counts (
    what TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (what, account, region)
) WITHOUT ROWID;
INSERT INTO counts VALUES('disk','1000000000000001','cn-hangzhou',5);
INSERT INTO counts VALUES('instance','1000000000000001','cn-hangzhou',1);
CREATE TABLE operations (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    abandoned INTEGER NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO operations VALUES(29993795213060938,'disk.detach',1,'local',1795829972146,'{"id":29993795213060938,"kind":"disk.detach","account":"1000000000000001","instance":"i-bp103nemor9869mttk40","disk":"d-bp103nemoryijkmhvtll","state":"{\"slot\":{\"instance\":\"i-bp103nemor9869mttk40\",\"disk\":\"d-bp103nemoryijkmhvtll\",\"generation\":1}}","phase":"unplug","tries":1,"last_event":"the guest refused","created_at":1795829912146,"next_at":1795829912146,"deadline_at":1795830212146,"lease_owner":"local","lease_until":1795829972146}');
INSERT INTO operations VALUES(29993796327690192,'disk.detach',0,'local',1795829973209,'{"id":29993796327690192,"kind":"disk.detach","account":"1000000000000001","instance":"i-bp103nemor9869mttk40","disk":"d-bp103nemoryijkmhvtll","state":"{\"slot\":{\"instance\":\"i-bp103nemor9869mttk40\",\"disk\":\"d-bp103nemoryijkmhvtll\",\"generation\":1}}","phase":"unplug","tries":1,"last_event":"held by a rule until `diskdock admin finish` or `refuse`","created_at":1795829913209,"next_at":1795829973210,"deadline_at":1795830213209,"standing_since":1795829913210,"lease_owner":"local","lease_until":1795829973209}');
INSERT INTO operations VALUES(29993796335874082,'disk.attach',0,'local',1795829973217,'{"id":29993796335874082,"kind":"disk.attach","account":"1000000000000001","instance":"i-bp103nemor9869mttk40","disk":"d-bp103nemos6aq726jpjt","state":"{\"slot\":{\"instance\":\"i-bp103nemor9869mttk40\",\"disk\":\"d-bp103nemos6aq726jpjt\",\"generation\":1},\"making\":null,\"bootable\":false,\"taking_back\":null,\"taken_back\":false}","phase":"plug","tries":1,"last_event":"held by a rule until `diskdock admin finish` or `refuse`","created_at":1795829913217,"next_at":1795829973217,"deadline_at":1795830213217,"standing_since":1795829913217,"lease_owner":"local","lease_until":1795829973217}');
INSERT INTO operations VALUES(29993796345340175,'disk.create',0,'local',1795829973226,'{"id":29993796345340175,"kind":"disk.create","account":"1000000000000001","instance":null,"disk":"d-bp103nemp1esq6gasb8w","state":"{\"disk\":{\"disk\":\"d-bp103nemp1esq6gasb8w\",\"size_gib\":20}}","phase":"create","tries":1,"last_event":"held by a rule until `diskdock admin finish` or `refuse`","created_at":1795829913226,"next_at":1795829973232,"deadline_at":1795830213226,"standing_since":1795829913232,"lease_owner":"local","lease_until":1795829973226}');
CREATE TABLE tokens (
    account TEXT NOT NULL,
    action TEXT NOT NULL,
    token TEXT NOT NULL,
    parameters TEXT NOT NULL,
    reply TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, action, token)
);
INSERT INTO tokens VALUES('1000000000000001','CreateDisk','token-1','5ec69df5b1c1d4c205b517671190ac37d6843c5a1955f612762b594427a85948','{"DiskId":"d-bp103nemoryijkmhvtll"}',1795829912001);
CREATE TABLE calls (
    number INTEGER PRIMARY KEY,
    body TEXT NOT NULL
);
INSERT INTO calls VALUES(1,'{"at":1795829911910,"request_id":"EB243F2E-3805-4C6D-BD7E-A69D6022C481","account":"1000000000000001","access_key_id":"testid","action":"RunInstances","resource":""}');
INSERT INTO calls VALUES(2,'{"at":1795829912001,"request_id":"C7950B60-1E25-4C43-9AF3-5EB8A5A462F8","account":"1000000000000001","access_key_id":"testid","action":"CreateDisk","resource":""}');
INSERT INTO calls VALUES(3,'{"at":1795829912020,"request_id":"A44892E0-239A-4BA8-8D84-29816F6D6AFD","account":"1000000000000001","access_key_id":"testid","action":"CreateDisk","resource":""}');
INSERT INTO calls VALUES(4,'{"at":1795829912029,"request_id":"F8B46C55-14FE-4D9C-8E70-329A762FDCBA","account":"1000000000000001","access_key_id":"testid","action":"CreateDisk","resource":""}');
INSERT INTO calls VALUES(5,'{"at":1795829912045,"request_id":"E49BE21A-410E-429D-A3E7-CB55075C8E2F","account":"1000000000000001","access_key_id":"testid","action":"CreateDisk","resource":""}');
INSERT INTO calls VALUES(6,'{"at":1795829912065,"request_id":"0297F94C-1349-40DA-A6FC-050A19B1C5E6","account":"1000000000000001","access_key_id":"testid","action":"AttachDisk","resource":"d-bp103nemoryijkmhvtll"}');
INSERT INTO calls VALUES(7,'{"at":1795829912097,"request_id":"9E47D160-B730-4A09-94B5-933BF1EE0839","account":"1000000000000001","access_key_id":"testid","action":"AttachDisk","resource":"d-bp103nemos3sav2o0cen"}');
INSERT INTO calls VALUES(8,'{"at":1795829912130,"request_id":"DEDF0858-2FEA-4184-9BBB-B1C8100DC8F3","account":"1000000000000001","access_key_id":"testid","action":"DeleteDisk","resource":"d-bp103nemosaqacjjblqk"}');
INSERT INTO calls VALUES(9,'{"at":1795829912146,"request_id":"8FFA533A-DB3C-44CF-BD81-BD6AB6E99CD0","account":"1000000000000001","access_key_id":"testid","action":"DetachDisk","resource":"d-bp103nemoryijkmhvtll"}');
INSERT INTO calls VALUES(10,'{"at":1795829913209,"request_id":"EEE15D34-D3F0-4F6F-B9A7-FAFEA190D36E","account":"1000000000000001","access_key_id":"testid","action":"DetachDisk","resource":"d-bp103nemoryijkmhvtll"}');
INSERT INTO calls VALUES(11,'{"at":1795829913217,"request_id":"89B14EA8-17AE-4F3B-8908-41192050DAE8","account":"1000000000000001","access_key_id":"testid","action":"AttachDisk","resource":"d-bp103nemos6aq726jpjt"}');
INSERT INTO calls VALUES(12,'{"at":1795829913226,"request_id":"E4B70D5D-F826-4C79-A456-BEAB53B01451","account":"1000000000000001","access_key_id":"testid","action":"CreateDisk","resource":""}');
CREATE TABLE access_keys (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
);
INSERT INTO access_keys VALUES('LTAI5tYUfkMIlpgxJcoy4J5R','{"id":"LTAI5tYUfkMIlpgxJcoy4J5R","secret":"a secret of no account","account":"1000000000000002","status":"Active","created_at":1795829913239}');
CREATE TABLE discards (
    disk TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO discards VALUES('d-bp103nemosaqacjjblqk');
CREATE INDEX disks_by_place ON disks (account, region);
CREATE INDEX instances_by_place ON instances (account, region);
CREATE INDEX tokens_by_age ON tokens (created_at);
COMMIT;
PRAGMA user_version = 2;
