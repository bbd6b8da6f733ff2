package io.github.diskdock;

import com.google.gson.JsonObject;
import java.time.Duration;

/** The outcome or the duration of transitions: of all, unless it is restricted. */
public final class Rule {
    private final JsonObject json = new JsonObject();

    private Rule(JsonObject behaviour) {
        json.add("behaviour", behaviour);
    }

    private static JsonObject behaviour(String what) {
        JsonObject behaviour = new JsonObject();
        behaviour.addProperty("do", what);
        return behaviour;
    }

    /** They wait until they are finished or refused. */
    public static Rule hold() {
        return new Rule(behaviour("hold"));
    }

    /** They fail, as with a guest that keeps a device. */
    public static Rule refuse() {
        return new Rule(behaviour("refuse"));
    }

    /** They run into their deadline. */
    public static Rule never() {
        return new Rule(behaviour("never"));
    }

    /** They take this long. */
    public static Rule take(Duration duration) {
        JsonObject behaviour = behaviour("take");
        behaviour.addProperty("milliseconds", duration.toMillis());
        return new Rule(behaviour);
    }

    /** Only create, attach, detach, resize, modify, snapshot, start, stop or reboot. */
    public Rule of(String transition) {
        json.addProperty("transition", transition);
        return this;
    }

    /** Only those of this disk. */
    public Rule disk(String disk) {
        json.addProperty("disk", disk);
        return this;
    }

    /** Only those of this instance. */
    public Rule instance(String instance) {
        json.addProperty("instance", instance);
        return this;
    }

    /** Only so many. */
    public Rule times(int times) {
        json.addProperty("times", times);
        return this;
    }

    JsonObject toJson() {
        return json;
    }
}
