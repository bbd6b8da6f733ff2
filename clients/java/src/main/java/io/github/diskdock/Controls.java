package io.github.diskdock;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

/** The controls of a server below one address: JSON in, JSON out. */
final class Controls {
    private final String base;
    private final String adminToken;

    Controls(String base, String adminToken) {
        this.base = base;
        this.adminToken = adminToken;
    }

    Controls below(String path) {
        return new Controls(base + path, adminToken);
    }

    JsonElement ask(String method, String path, JsonObject body) {
        String content = body == null ? "" : body.toString();
        Http.Reply reply = Http.send(method, base + path, "application/json", content, adminToken);
        JsonElement answer = JsonParser.parseString(reply.body);
        if (reply.status >= 400) {
            JsonObject refused = answer.getAsJsonObject();
            String message = refused.get("error").getAsString() + ". " + refused.get("hint").getAsString();
            throw new ControlException(reply.status, message);
        }
        return answer;
    }
}
