package example;

import com.aliyun.ecs20140526.Client;
import com.aliyun.ecs20140526.models.AttachDiskRequest;
import com.aliyun.ecs20140526.models.DescribeDisksRequest;
import com.aliyun.ecs20140526.models.DetachDiskRequest;
import com.aliyun.tea.TeaException;
import com.aliyun.teaopenapi.models.Config;
import java.time.Duration;

/** The code under test: moves a disk from one instance to another. */
final class Mover {
    private static final int TRIES = 5;
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final Client client;

    Mover(String endpoint, String accessKeyId, String accessKeySecret) throws Exception {
        Config config = new Config();
        config.setAccessKeyId(accessKeyId).setAccessKeySecret(accessKeySecret);
        config.setEndpoint(endpoint).setProtocol("HTTP");
        client = new Client(config);
    }

    /** Detaches the disk, waits until it is free, and attaches it to the target. */
    void move(String disk, String source, String target) throws Exception {
        detach(disk, source);
        waitUntil(disk, "Available");
        client.attachDisk(new AttachDiskRequest().setDiskId(disk).setInstanceId(target));
        waitUntil(disk, "In_use");
    }

    /** The cloud throttles; a refusal of that kind is worth another try. */
    void detach(String disk, String instance) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                client.detachDisk(new DetachDiskRequest().setDiskId(disk).setInstanceId(instance));
                return;
            } catch (TeaException error) {
                if (!"Throttling.User".equals(error.getCode()) || attempt == TRIES) {
                    throw error;
                }
            }
        }
    }

    private void waitUntil(String disk, String status) throws Exception {
        long giveUpAt = System.nanoTime() + TIMEOUT.toNanos();
        while (!statusOf(disk).equals(status)) {
            if (System.nanoTime() > giveUpAt) {
                throw new IllegalStateException(disk + " is not " + status);
            }
            Thread.sleep(20);
        }
    }

    String statusOf(String disk) throws Exception {
        DescribeDisksRequest request = new DescribeDisksRequest();
        request.setRegionId("cn-hangzhou").setDiskIds("[\"" + disk + "\"]");
        return client.describeDisks(request).getBody().getDisks().getDisk().get(0).getStatus();
    }
}
