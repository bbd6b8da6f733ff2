package io.github.diskdock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** HTTP to a server on this machine, never through a proxy. */
final class Http {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final HttpClient DIRECT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).proxy(HttpClient.Builder.NO_PROXY).build();

    private Http() {}

    static Reply send(String method, String url, String type, String body, String adminToken) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                .timeout(TIMEOUT)
                .header("content-type", type)
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (adminToken != null && !adminToken.isEmpty()) {
            request.header("x-diskdock-token", adminToken);
        }
        try {
            HttpResponse<String> response = DIRECT.send(request.build(), BodyHandlers.ofString());
            return new Reply(response.statusCode(), response.body());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(error);
        }
    }

    static final class Reply {
        final int status;
        final String body;

        private Reply(int status, String body) {
            this.status = status;
            this.body = body;
        }
    }
}
