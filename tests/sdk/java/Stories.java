import com.aliyun.tea.TeaException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** The stories of disks with the Java SDK: says "ok STORY" of each, and ends with the first that is wrong. */
public final class Stories {
    private static final String AWKWARD = "a b*c~d+e/f=g&h%i'j(k)l!m,n:o\" \u00e9 \u78c1\u76d8";
    private static final String UNKNOWN_DISK = "d-bp1nosuchdisk0000000";
    private static final long POLL_MS = 20;
    private static final long WITHIN_MS = 10_000;

    private final Ecs ecs;

    private Stories(Ecs ecs) {
        this.ecs = ecs;
    }

    /** Arguments: the server at its default pace, and one slow enough that polling is certain to see Detaching. */
    public static void main(String[] servers) throws Exception {
        Stories stories = new Stories(new Ecs(servers[0], "testsecret"));
        tell("disks", new Stories(new Ecs(servers[1], "testsecret"))::disks);
        tell("snapshots", stories::snapshots);
        tell("tags", stories::tags);
        tell("resize", stories::resize);
        tell("specification", stories::specification);
        tell("instances with data disks", stories::dataDisks);
        Ecs stranger = new Ecs(servers[0], "not-the-secret");
        tell("wrong secret", () ->
                refused(400, "SignatureDoesNotMatch", () -> stranger.detach("i-1", UNKNOWN_DISK)));
    }

    private interface Step {
        void take() throws Exception;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void tell(String name, Step story) throws Exception {
        story.take();
        System.out.println("ok " + name);
    }

    private static void same(Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError("got " + got + ", wanted " + wanted);
        }
    }

    private static void until(String what, Condition condition) throws Exception {
        long deadline = System.currentTimeMillis() + WITHIN_MS;
        while (!condition.holds()) {
            if (System.currentTimeMillis() > deadline) {
                throw new AssertionError("waited " + WITHIN_MS + " ms in vain for " + what);
            }
            Thread.sleep(POLL_MS);
        }
    }

    private static void refused(int status, String code, Step call) throws Exception {
        try {
            call.take();
        } catch (TeaException error) {
            same(error.getCode(), code);
            same(error.getStatusCode(), status);
            same(error.getData().get("RequestId") != null && !error.getMessage().isEmpty(), true);
            return;
        }
        throw new AssertionError("accepted what should have been refused with " + code);
    }

    /** Makes a call that is refused until a change before it has ended. */
    private static void once(Step call) throws Exception {
        until("an accepted call", () -> {
            try {
                call.take();
                return true;
            } catch (TeaException error) {
                if (List.of("InvalidOperation.Conflict", "LastOrderProcessing").contains(error.getCode())) {
                    return false;
                }
                throw error;
            }
        });
    }

    private static String unique(String word) {
        return word + "-" + UUID.randomUUID().toString().substring(0, 13);
    }

    private void instanceIs(String id, String status) throws Exception {
        until(id + " " + status, () -> ecs.instanceStatus(id).equals(status));
    }

    private String run(boolean... disks) throws Exception {
        String id = ecs.runInstance(disks);
        instanceIs(id, "Running");
        return id;
    }

    private void deleteInstance(String id) throws Exception {
        ecs.deleteInstance(id);
        instanceIs(id, "");
    }

    private void deleteDisk(String id) throws Exception {
        once(() -> ecs.deleteDisk(id));
        until(id + " gone", () -> ecs.disk(id).isEmpty());
    }

    /** The statuses that polling sees, up to the wanted one. */
    private List<String> watch(String id, String until) throws Exception {
        List<String> seen = new ArrayList<>();
        until(id + " " + until, () -> {
            String status = ecs.disk(id).get(0).getStatus();
            if (!seen.contains(status)) {
                seen.add(status);
            }
            return status.equals(until);
        });
        return seen;
    }

    private void disks() throws Exception {
        String instance = run();
        String id = ecs.createDisk(unique("life"), 40, AWKWARD, Map.of("note", AWKWARD));
        watch(id, "Available");
        ecs.attach(instance, id);
        same(watch(id, "In_use"), List.of("Attaching", "In_use"));
        var held = ecs.disk(id).get(0);
        same(List.of(held.getInstanceId(), held.getDeleteWithInstance()), List.of(instance, true));
        same(held.getAttachments().getAttachment().get(0).getInstanceId(), instance);
        ecs.detach(instance, id);
        same(watch(id, "Available"), List.of("Detaching", "Available"));
        var free = ecs.disk(id).get(0);
        same(List.of(free.getInstanceId(), free.getDevice(), free.getDescription()), List.of("", "", AWKWARD));
        same(List.of(free.getSize(), free.getPortable(), free.getDeleteWithInstance()), List.of(40, true, false));
        same(free.getTags().getTag().get(0).getTagValue(), AWKWARD);
        refused(404, "InvalidDisk.AlreadyDetached", () -> ecs.detach(instance, id));
        refused(404, "InvalidDiskId.NotFound", () -> ecs.detach(instance, UNKNOWN_DISK));
        deleteDisk(id);
        deleteInstance(instance);
    }

    private void snapshots() throws Exception {
        String instance = run(true);
        String source = ecs.dataDisks(instance).get(0).getDiskId();
        String name = unique("snapshot");
        String id = ecs.createSnapshot(source, name);
        until(id + " accomplished", () -> ecs.snapshot(id).get(0).getStatus().equals("accomplished"));
        var shown = ecs.snapshot(id).get(0);
        same(List.of(shown.getSnapshotName(), shown.getSourceDiskId(), shown.getSourceDiskSize()),
                List.of(name, source, "20"));
        String copy = ecs.createDiskFrom(id, unique("copy"), 30);
        watch(copy, "Available");
        same(ecs.disk(copy).get(0).getSize(), 30);
        deleteDisk(copy);
        ecs.deleteSnapshot(id);
        until(id + " gone", () -> ecs.snapshot(id).isEmpty());
        deleteInstance(instance);
    }

    private void tags() throws Exception {
        String id = ecs.createDisk(unique("tagged"), 40, "", Map.of());
        String mine = unique("mine");
        ecs.tag(id, Map.of("owner", mine, "note", AWKWARD));
        same(ecs.tags(id), Map.of("owner", mine, "note", AWKWARD));
        same(ecs.tagged("owner", mine), List.of(id));
        ecs.tag(id, Map.of("note", "short"));
        ecs.untag(id, "owner");
        same(ecs.tags(id), Map.of("note", "short"));
        same(ecs.tagged("owner", mine), List.of());
        deleteDisk(id);
    }

    private void resize() throws Exception {
        String instance = run(true);
        String id = ecs.dataDisks(instance).get(0).getDiskId();
        ecs.resize(id, 30, "online");
        same(ecs.disk(id).get(0).getSize(), 30);
        once(() -> ecs.detach(instance, id));
        watch(id, "Available");
        ecs.resize(id, 40, null);
        same(ecs.disk(id).get(0).getSize(), 40);
        deleteDisk(id);
        deleteInstance(instance);
    }

    private void specification() throws Exception {
        String id = ecs.createDisk(unique("faster"), 500, "", Map.of());
        watch(id, "Available");
        same(ecs.disk(id).get(0).getPerformanceLevel(), "PL1");
        String task = ecs.changeLevel(id, "PL2");
        until(task + " Finished", () -> ecs.taskStatus(task).equals("Finished"));
        same(ecs.disk(id).get(0).getPerformanceLevel(), "PL2");
        deleteDisk(id);
    }

    private void dataDisks() throws Exception {
        String instance = run(true, false);
        String goes = null;
        String stays = null;
        for (var disk : ecs.dataDisks(instance)) {
            same(List.of(disk.getSize(), disk.getStatus()), List.of(20, "In_use"));
            if (disk.getDeleteWithInstance()) {
                goes = disk.getDiskId();
            } else {
                stays = disk.getDiskId();
            }
        }
        ecs.stopInstance(instance);
        instanceIs(instance, "Stopped");
        ecs.startInstance(instance);
        instanceIs(instance, "Running");
        deleteInstance(instance);
        watch(stays, "Available");
        same(ecs.disk(goes), List.of());
        deleteDisk(stays);
    }
}
