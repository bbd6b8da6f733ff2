package io.github.diskdock;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store.CloseableResource;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives each test a {@link World} of its own as a parameter, in one server for all of them.
 *
 * <pre>{@code
 * @ExtendWith(DiskdockExtension.class)
 * class MoverTest {
 *     @Test
 *     void detachIsTriedAgain(World world) { … }
 * }
 * }</pre>
 */
public final class DiskdockExtension implements ParameterResolver {
    private static final Namespace NAMESPACE = Namespace.create(DiskdockExtension.class);

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == World.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Closing<Server> server = context.getRoot().getStore(NAMESPACE).getOrComputeIfAbsent(
                Server.class, type -> new Closing<>(Server.fromEnvironment()), closing());
        Closing<World> world = new Closing<>(server.closed.newWorld());
        // A test may have several parameters of this type: each is a world of its own.
        context.getStore(NAMESPACE).put(world, world);
        return world.closed;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Class<Closing<Server>> closing() {
        return (Class) Closing.class;
    }

    /** JUnit closes it when the context ends that has it in its store. */
    private static final class Closing<T extends AutoCloseable> implements CloseableResource {
        private final T closed;

        private Closing(T closed) {
            this.closed = closed;
        }

        @Override
        public void close() throws Exception {
            closed.close();
        }
    }
}
