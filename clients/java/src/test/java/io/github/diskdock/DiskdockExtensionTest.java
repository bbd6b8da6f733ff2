package io.github.diskdock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(DiskdockExtension.class)
class DiskdockExtensionTest {
    private static final Map<String, String> NEW_DISK =
            Map.of("ZoneId", "cn-hangzhou-i", "Size", "20", "DiskCategory", "cloud_essd");

    private static int count(World world) {
        return world.call("DescribeDisks", Map.of()).get("TotalCount").getAsInt();
    }

    @Test
    void eachParameterIsAWorldOfItsOwn(World one, World other) {
        one.call("CreateDisk", NEW_DISK);
        assertEquals(1, count(one));
        assertEquals(0, count(other));
    }

    @Test
    void forkBeginsAsACopyAndGoesItsOwnWay(World world) {
        world.call("CreateDisk", NEW_DISK);
        try (World copy = world.fork()) {
            copy.call("CreateDisk", NEW_DISK);
            assertEquals(2, count(copy));
        }
        assertEquals(1, count(world));
    }

    @Test
    void faultAnswersWithItsCode(World world) {
        world.add(Fault.answer("IncorrectDiskStatus").of("DescribeDisks").times(1));
        ApiException refused = assertThrows(ApiException.class, () -> count(world));
        assertEquals("IncorrectDiskStatus", refused.code());
        assertEquals(403, refused.status());
        assertEquals(0, count(world));
    }

    @Test
    void advanceClockMovesAHeldClock(World world) {
        world.holdClock();
        Instant before = world.now();
        world.advanceClock(Duration.ofHours(1));
        assertEquals(Duration.ofHours(1), Duration.between(before, world.now()));
    }

    @Test
    void callEncodesAsTheSignatureWants(World world) {
        Map<String, String> parameters = new HashMap<>(NEW_DISK);
        parameters.put("Description", "a b*c~d+e/f=g&h%i'(é)");
        world.call("CreateDisk", parameters);
    }

    @Test
    void refusedControlSaysWhatToDo(World world) {
        ControlException refused = assertThrows(ControlException.class, () -> world.pause("i-1"));
        assertTrue(refused.getMessage().contains("there is no instance i-1. Check the id"));
    }
}
