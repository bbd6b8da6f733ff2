package io.github.diskdock;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** One call of the API, signed with version 1.0, for tests that need no SDK. */
final class Call {
    private static final String ECS_VERSION = "2014-05-26";

    private Call() {}

    static JsonObject send(World world, String action, Map<String, String> parameters) {
        Map<String, String> pairs = new TreeMap<>();
        pairs.put("Action", action);
        pairs.put("Version", ECS_VERSION);
        pairs.put("Format", "JSON");
        pairs.put("RegionId", "cn-hangzhou");
        pairs.put("AccessKeyId", world.accessKeyId());
        pairs.put("SignatureMethod", "HMAC-SHA1");
        pairs.put("SignatureVersion", "1.0");
        pairs.put("SignatureNonce", UUID.randomUUID().toString());
        pairs.put("Timestamp", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        pairs.putAll(parameters);
        String query = pairs.entrySet().stream()
                .map(pair -> encode(pair.getKey()) + "=" + encode(pair.getValue()))
                .collect(Collectors.joining("&"));
        String signature = sign("POST&" + encode("/") + "&" + encode(query), world.accessKeySecret() + "&");
        String body = query + "&Signature=" + encode(signature);
        Http.Reply reply = Http.send("POST", world.url(), "application/x-www-form-urlencoded", body, null);
        JsonObject answer = JsonParser.parseString(reply.body).getAsJsonObject();
        if (reply.status >= 400) {
            throw new ApiException(reply.status, answer);
        }
        return answer;
    }

    private static String sign(String text, String secret) {
        try {
            Mac mac = Mac.getInstance("HmacSHA1");
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA1"));
            return Base64.getEncoder().encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException error) {
            throw new IllegalStateException("every Java has HmacSHA1", error);
        }
    }

    private static String encode(String text) {
        String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8);
        return encoded.replace("+", "%20").replace("*", "%2A").replace("%7E", "~");
    }
}
