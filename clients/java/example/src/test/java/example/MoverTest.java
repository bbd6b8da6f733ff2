package example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import io.github.diskdock.DiskdockExtension;
import io.github.diskdock.Fault;
import io.github.diskdock.Rule;
import io.github.diskdock.World;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DiskdockExtension.class)
class MoverTest {
    @Test
    void moveAttachesTheDiskToTheTarget(World world) throws Exception {
        Machines machines = new Machines(world);
        mover(world).move(machines.disk, machines.first, machines.second);
        assertEquals(1, machines.countDisksOn(machines.second));
    }

    @Test
    void moveTriesAgainWhenItIsThrottled(World world) throws Exception {
        Machines machines = new Machines(world);
        world.add(Fault.throttle().of("DetachDisk").times(3));
        mover(world).move(machines.disk, machines.first, machines.second);
        assertEquals(1, machines.countDisksOn(machines.second));
    }

    @Test
    void diskIsDetachingUntilTheGuestLetsGo(World world) throws Exception {
        Machines machines = new Machines(world);
        world.add(Rule.hold().of("detach"));
        mover(world).detach(machines.disk, machines.first);
        assertEquals("Detaching", mover(world).statusOf(machines.disk));
        world.finish(machines.disk);
        assertEquals("Available", mover(world).statusOf(machines.disk));
    }

    private static Mover mover(World world) throws Exception {
        return new Mover(world.endpoint(), world.accessKeyId(), world.accessKeySecret());
    }

    /** Two running instances, and a disk on the first. */
    private static final class Machines {
        private final World world;
        private final String first;
        private final String second;
        private final String disk;

        private Machines(World world) throws InterruptedException {
            this.world = world;
            world.holdClock();
            JsonArray ran = world.call("RunInstances", Map.of(
                            "ImageId", "ubuntu_22_04_x64_20G_alibase_20240926.vhd",
                            "InstanceType", "ecs.g6.large",
                            "ZoneId", "cn-hangzhou-i",
                            "Amount", "2"))
                    .getAsJsonObject("InstanceIdSets").getAsJsonArray("InstanceIdSet");
            first = ran.get(0).getAsString();
            second = ran.get(1).getAsString();
            disk = world.call("CreateDisk",
                            Map.of("ZoneId", "cn-hangzhou-i", "Size", "20", "DiskCategory", "cloud_essd"))
                    .get("DiskId").getAsString();
            world.finish();
            world.releaseClock();
            world.call("AttachDisk", Map.of("InstanceId", first, "DiskId", disk));
            world.waitFor(disk, "In_use");
        }

        private int countDisksOn(String instance) {
            Map<String, String> chosen = Map.of("InstanceId", instance, "DiskType", "data");
            return world.call("DescribeDisks", chosen).get("TotalCount").getAsInt();
        }
    }
}
