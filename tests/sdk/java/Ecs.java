import com.aliyun.ecs20140526.Client;
import com.aliyun.ecs20140526.models.*;
import com.aliyun.teaopenapi.models.Config;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** com.aliyun:ecs20140526, the current Java SDK, in the words of the stories. */
final class Ecs {
    static final String REGION = "cn-hangzhou";
    static final String ZONE = "cn-hangzhou-i";
    static final String CATEGORY = "cloud_essd";

    private final Client sdk;

    Ecs(String endpoint, String secret) throws Exception {
        sdk = new Client(new Config()
                .setAccessKeyId("testid").setAccessKeySecret(secret)
                .setRegionId(REGION).setEndpoint(endpoint).setProtocol("http"));
    }

    /** Runs an instance with data disks of 20 GiB, one for each DeleteWithInstance. */
    String runInstance(boolean... disks) throws Exception {
        List<RunInstancesRequest.RunInstancesRequestDataDisk> wanted = new ArrayList<>();
        for (boolean released : disks) {
            wanted.add(new RunInstancesRequest.RunInstancesRequestDataDisk()
                    .setCategory(CATEGORY).setSize(20).setDeleteWithInstance(released));
        }
        RunInstancesRequest request = new RunInstancesRequest()
                .setRegionId(REGION).setZoneId(ZONE).setInstanceType("ecs.g6.large").setAmount(1)
                .setImageId("ubuntu_22_04_x64_20G_alibase_20240926.vhd").setDataDisk(wanted);
        return sdk.runInstances(request).getBody().getInstanceIdSets().getInstanceIdSet().get(0);
    }

    /** Empty once the instance is gone. */
    String instanceStatus(String id) throws Exception {
        DescribeInstancesRequest request =
                new DescribeInstancesRequest().setRegionId(REGION).setInstanceIds(listOf(id));
        var found = sdk.describeInstances(request).getBody().getInstances().getInstance();
        return found.isEmpty() ? "" : found.get(0).getStatus();
    }

    void stopInstance(String id) throws Exception {
        sdk.stopInstance(new StopInstanceRequest().setInstanceId(id));
    }

    void startInstance(String id) throws Exception {
        sdk.startInstance(new StartInstanceRequest().setInstanceId(id));
    }

    void deleteInstance(String id) throws Exception {
        sdk.deleteInstance(new DeleteInstanceRequest().setInstanceId(id).setForce(true));
    }

    String createDisk(String name, int size, String description, Map<String, String> tags) throws Exception {
        List<CreateDiskRequest.CreateDiskRequestTag> given = new ArrayList<>();
        tags.forEach((key, value) ->
                given.add(new CreateDiskRequest.CreateDiskRequestTag().setKey(key).setValue(value)));
        CreateDiskRequest request = newDisk(name, size).setDescription(description).setTag(given);
        return sdk.createDisk(request).getBody().getDiskId();
    }

    String createDiskFrom(String snapshot, String name, int size) throws Exception {
        return sdk.createDisk(newDisk(name, size).setSnapshotId(snapshot)).getBody().getDiskId();
    }

    private static CreateDiskRequest newDisk(String name, int size) {
        return new CreateDiskRequest()
                .setRegionId(REGION).setZoneId(ZONE).setDiskCategory(CATEGORY).setDiskName(name).setSize(size);
    }

    List<DescribeDisksResponseBody.DescribeDisksResponseBodyDisksDisk> disk(String id) throws Exception {
        return disks(new DescribeDisksRequest().setDiskIds(listOf(id)));
    }

    List<DescribeDisksResponseBody.DescribeDisksResponseBodyDisksDisk> dataDisks(String instance)
            throws Exception {
        return disks(new DescribeDisksRequest().setInstanceId(instance).setDiskType("data"));
    }

    List<String> tagged(String key, String value) throws Exception {
        var tag = new DescribeDisksRequest.DescribeDisksRequestTag().setKey(key).setValue(value);
        List<String> ids = new ArrayList<>();
        disks(new DescribeDisksRequest().setTag(List.of(tag))).forEach(disk -> ids.add(disk.getDiskId()));
        return ids;
    }

    private List<DescribeDisksResponseBody.DescribeDisksResponseBodyDisksDisk> disks(DescribeDisksRequest request)
            throws Exception {
        return sdk.describeDisks(request.setRegionId(REGION)).getBody().getDisks().getDisk();
    }

    /** Attaches with DeleteWithInstance=true, which a detach has to clear. */
    void attach(String instance, String disk) throws Exception {
        sdk.attachDisk(new AttachDiskRequest()
                .setInstanceId(instance).setDiskId(disk).setDeleteWithInstance(true));
    }

    void detach(String instance, String disk) throws Exception {
        sdk.detachDisk(new DetachDiskRequest().setInstanceId(instance).setDiskId(disk));
    }

    void resize(String disk, int size, String type) throws Exception {
        sdk.resizeDisk(new ResizeDiskRequest().setDiskId(disk).setNewSize(size).setType(type));
    }

    void deleteDisk(String id) throws Exception {
        sdk.deleteDisk(new DeleteDiskRequest().setDiskId(id));
    }

    String createSnapshot(String disk, String name) throws Exception {
        CreateSnapshotRequest request = new CreateSnapshotRequest().setDiskId(disk).setSnapshotName(name);
        return sdk.createSnapshot(request).getBody().getSnapshotId();
    }

    List<DescribeSnapshotsResponseBody.DescribeSnapshotsResponseBodySnapshotsSnapshot> snapshot(String id)
            throws Exception {
        var request = new DescribeSnapshotsRequest().setRegionId(REGION).setSnapshotIds(listOf(id));
        return sdk.describeSnapshots(request).getBody().getSnapshots().getSnapshot();
    }

    void deleteSnapshot(String id) throws Exception {
        sdk.deleteSnapshot(new DeleteSnapshotRequest().setSnapshotId(id));
    }

    void tag(String disk, Map<String, String> tags) throws Exception {
        List<TagResourcesRequest.TagResourcesRequestTag> given = new ArrayList<>();
        tags.forEach((key, value) ->
                given.add(new TagResourcesRequest.TagResourcesRequestTag().setKey(key).setValue(value)));
        sdk.tagResources(new TagResourcesRequest()
                .setRegionId(REGION).setResourceType("disk").setResourceId(List.of(disk)).setTag(given));
    }

    Map<String, String> tags(String disk) throws Exception {
        var request = new ListTagResourcesRequest()
                .setRegionId(REGION).setResourceType("disk").setResourceId(List.of(disk));
        Map<String, String> found = new TreeMap<>();
        sdk.listTagResources(request).getBody().getTagResources().getTagResource()
                .forEach(tag -> found.put(tag.getTagKey(), tag.getTagValue()));
        return found;
    }

    void untag(String disk, String key) throws Exception {
        sdk.untagResources(new UntagResourcesRequest()
                .setRegionId(REGION).setResourceType("disk").setResourceId(List.of(disk)).setTagKey(List.of(key)));
    }

    /** The task that changes the performance level. */
    String changeLevel(String disk, String level) throws Exception {
        ModifyDiskSpecRequest request = new ModifyDiskSpecRequest().setDiskId(disk).setPerformanceLevel(level);
        return sdk.modifyDiskSpec(request).getBody().getTaskId();
    }

    String taskStatus(String task) throws Exception {
        DescribeTasksRequest request = new DescribeTasksRequest().setRegionId(REGION).setTaskIds(task);
        return sdk.describeTasks(request).getBody().getTaskSet().getTask().get(0).getTaskStatus();
    }

    private static String listOf(String id) {
        return "[\"" + id + "\"]";
    }
}
