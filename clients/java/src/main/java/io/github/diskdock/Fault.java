package io.github.diskdock;

import com.google.gson.JsonObject;
import java.time.Duration;

/** A fault of the API: for all calls, unless it is restricted. */
public final class Fault {
    private final JsonObject json = new JsonObject();

    private Fault(String what, String field, Object value) {
        JsonObject fault = new JsonObject();
        fault.addProperty("do", what);
        if (value instanceof Long) {
            fault.addProperty(field, (Long) value);
        } else if (value != null) {
            fault.addProperty(field, value.toString());
        }
        json.add("fault", fault);
    }

    /** The call fails with this error code. */
    public static Fault answer(String code) {
        return new Fault("answer", "code", code);
    }

    /** The call fails with Throttling.User. */
    public static Fault throttle() {
        return new Fault("throttle", null, null);
    }

    /** The call has its effect, and no reply. */
    public static Fault dropReply() {
        return new Fault("drop_reply", null, null);
    }

    /** The call is delivered twice. */
    public static Fault twice() {
        return new Fault("twice", null, null);
    }

    /** The call is delayed. */
    public static Fault slow(Duration by) {
        return new Fault("slow", "milliseconds", by.toMillis());
    }

    /** Only calls of this action. */
    public Fault of(String action) {
        json.addProperty("action", action);
        return this;
    }

    /** Only so many calls. */
    public Fault times(int times) {
        json.addProperty("times", times);
        return this;
    }

    /** Not the first so many calls. */
    public Fault skip(int calls) {
        json.addProperty("skip", calls);
        return this;
    }

    JsonObject toJson() {
        return json;
    }
}
