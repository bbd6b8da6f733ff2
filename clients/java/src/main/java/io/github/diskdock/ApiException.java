package io.github.diskdock;

import com.google.gson.JsonObject;

/** A call that the API refused. */
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int status;
    private final String code;

    ApiException(int status, JsonObject reply) {
        super(status + " " + reply.get("Code").getAsString() + ": " + reply.get("Message").getAsString());
        this.status = status;
        this.code = reply.get("Code").getAsString();
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The error code, such as IncorrectDiskStatus. */
    public String code() {
        return code;
    }
}
