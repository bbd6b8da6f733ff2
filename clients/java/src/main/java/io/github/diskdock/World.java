package io.github.diskdock;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/** A world: disks, instances, clock, rules and faults that no other test sees. Closing it deletes it. */
public final class World implements AutoCloseable {
    private static final Duration WAITS = Duration.ofSeconds(10);
    private static final Duration LOOKS_EVERY = Duration.ofMillis(10);

    private final Server server;
    private final Controls controls;
    private final String name;
    private final String accessKeyId;
    private final String accessKeySecret;

    World(Server server, JsonObject reply) {
        this.server = server;
        this.name = reply.get("name").getAsString();
        this.accessKeyId = reply.get("access_key_id").getAsString();
        this.accessKeySecret = reply.get("access_key_secret").getAsString();
        this.controls = server.controls().below("/worlds/" + name);
    }

    public String name() {
        return name;
    }

    /** Such as http://127.0.0.1:5260. */
    public String url() {
        return server.url();
    }

    /** Such as 127.0.0.1:5260, as SDKs take it. It speaks plain HTTP. */
    public String endpoint() {
        return url().substring(url().indexOf("://") + 3);
    }

    public String accessKeyId() {
        return accessKeyId;
    }

    public String accessKeySecret() {
        return accessKeySecret;
    }

    /** Calls an action; RegionId is cn-hangzhou unless given. A refused call is an {@link ApiException}. */
    public JsonObject call(String action, Map<String, String> parameters) {
        return Call.send(this, action, parameters);
    }

    /** The status that DescribeDisks shows; empty if there is no such disk. */
    public String diskStatus(String disk) {
        JsonObject reply = call("DescribeDisks", Map.of("DiskIds", "[\"" + disk + "\"]"));
        JsonArray found = reply.getAsJsonObject("Disks").getAsJsonArray("Disk");
        return found.isEmpty() ? "" : found.get(0).getAsJsonObject().get("Status").getAsString();
    }

    /** Waits up to ten seconds until the disk has this status. */
    public void waitFor(String disk, String status) throws InterruptedException {
        long giveUpAt = System.nanoTime() + WAITS.toNanos();
        for (String seen = diskStatus(disk); !seen.equals(status); seen = diskStatus(disk)) {
            if (System.nanoTime() > giveUpAt) {
                throw new AssertionError(disk + " is " + seen + ", not " + status);
            }
            Thread.sleep(LOOKS_EVERY.toMillis());
        }
    }

    /** Adds a fault. */
    public void add(Fault fault) {
        controls.ask("POST", "/faults", fault.toJson());
    }

    /** Adds a rule behind the others. */
    public void add(Rule rule) {
        controls.ask("POST", "/rules", rule.toJson());
    }

    /** Removes all rules and faults. */
    public void clear() {
        controls.ask("DELETE", "/rules", null);
        controls.ask("DELETE", "/faults", null);
    }

    /** Lets all operations succeed. */
    public void finish() {
        end("finish", null);
    }

    /** Lets the operations of a disk succeed. */
    public void finish(String disk) {
        end("finish", disk);
    }

    /** Lets the operations of a disk fail, as if the guest refused. */
    public void refuse(String disk) {
        end("refuse", disk);
    }

    /** Has the operations of a disk tried again now. */
    public void step(String disk) {
        end("step", disk);
    }

    private void end(String verb, String disk) {
        JsonObject chosen = new JsonObject();
        chosen.addProperty("disk", disk);
        controls.ask("POST", "/transitions/" + verb, chosen);
    }

    /** Stops the clock. */
    public void holdClock() {
        controls.ask("POST", "/clock/hold", new JsonObject());
    }

    /** Lets the clock run on from where it stopped. */
    public void releaseClock() {
        controls.ask("POST", "/clock/release", new JsonObject());
    }

    /** Moves the clock forward, and with it every deadline. */
    public void advanceClock(Duration by) {
        JsonObject step = new JsonObject();
        step.addProperty("milliseconds", by.toMillis());
        controls.ask("POST", "/clock/advance", step);
    }

    /** The time on the clock of this world. */
    public Instant now() {
        JsonObject clock = controls.ask("GET", "/clock", null).getAsJsonObject();
        return Instant.ofEpochMilli(clock.get("now_ms").getAsLong());
    }

    /** Pauses the machine of an instance until it is resumed. */
    public void pause(String instance) {
        controls.ask("POST", "/instances/" + instance + "/pause", new JsonObject());
    }

    /** Resumes a paused machine. */
    public void resume(String instance) {
        controls.ask("POST", "/instances/" + instance + "/resume", new JsonObject());
    }

    /** Kills the machine of an instance, as when its process crashes. */
    public void kill(String instance) {
        controls.ask("POST", "/instances/" + instance + "/kill", new JsonObject());
    }

    /** How long transitions take: fast, cloud, or a duration such as 2s. */
    public void setPace(String pace) {
        JsonObject wanted = new JsonObject();
        wanted.addProperty("pace", pace);
        controls.ask("PUT", "/pace", wanted);
    }

    /** A copy of this world with all that is under way in it. */
    public World fork() {
        return server.copyOf(name);
    }

    @Override
    public void close() {
        server.delete(this);
    }
}
