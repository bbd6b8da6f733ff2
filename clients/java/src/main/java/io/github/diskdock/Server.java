package io.github.diskdock;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server: one that is started here and ends with this process, or one that runs already. */
public final class Server implements AutoCloseable {
    private static final int ENDS_WITHIN_S = 5;

    private final Process process;
    private final String url;
    private final Controls controls;

    private Server(Process process, String url, String adminToken) {
        this.process = process;
        this.url = url.replaceAll("/$", "");
        this.controls = new Controls(this.url + "/_diskdock", adminToken);
    }

    /** The server that DISKDOCK_ENDPOINT names, as {@code diskdock exec} sets it; else a new one. */
    public static Server fromEnvironment(String... options) {
        String url = System.getenv("DISKDOCK_ENDPOINT");
        return url == null || url.isEmpty() ? start(options) : at(url, System.getenv("DISKDOCK_ADMIN_TOKEN"));
    }

    /** A server that runs already. The token may be null on loopback. */
    public static Server at(String url, String adminToken) {
        return new Server(null, url, adminToken);
    }

    /** Starts a server with options of {@code diskdock serve}. The program is that of DISKDOCK_BIN, or on the PATH. */
    public static Server start(String... options) {
        String program = System.getenv().getOrDefault("DISKDOCK_BIN", "diskdock");
        List<String> command = new ArrayList<>(
                List.of(program, "serve", "--ephemeral", "--child", "--quiet", "--listen", "127.0.0.1:0"));
        command.addAll(List.of(options));
        try {
            // It ends when its standard input does, even if this process is killed.
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            String line = output.readLine();
            if (line == null) {
                throw new IllegalStateException(String.join(" ", command) + " ended before it was ready");
            }
            JsonObject said = JsonParser.parseString(line).getAsJsonObject();
            return new Server(process, said.get("endpoint").getAsString(), said.get("admin_token").getAsString());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** An empty world. */
    public World newWorld() {
        return world(new JsonObject());
    }

    World copyOf(String name) {
        JsonObject order = new JsonObject();
        order.addProperty("from", name);
        return world(order);
    }

    private World world(JsonObject order) {
        return new World(this, controls.ask("POST", "/worlds", order).getAsJsonObject());
    }

    void delete(World world) {
        controls.ask("DELETE", "/worlds/" + world.name(), null);
    }

    String url() {
        return url;
    }

    Controls controls() {
        return controls;
    }

    /** Ends the server, if it was started here. */
    @Override
    public void close() throws IOException {
        if (process == null) {
            return;
        }
        process.getOutputStream().close();
        try {
            if (!process.waitFor(ENDS_WITHIN_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException error) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
