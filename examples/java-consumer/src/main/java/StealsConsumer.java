import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Prints account, kind and symbol of every fact on the topic `steals`, each fact once.
 *
 * A fact is sent at least once, always under the same id, and ids rise within a partition. So one number
 * for each partition tells what was seen. It is committed with the offset, as its metadata: after a
 * restart it is there.
 */
public final class StealsConsumer implements ConsumerRebalanceListener {
    private static volatile boolean stopping = false;
    private final ObjectMapper json = new ObjectMapper();
    private final Map<TopicPartition, Long> seen = new HashMap<>();
    private final KafkaConsumer<String, byte[]> consumer;

    private StealsConsumer(KafkaConsumer<String, byte[]> consumer) {
        this.consumer = consumer;
    }

    public static void main(String[] words) throws IOException {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", words.length > 0 ? words[0] : "127.0.0.1:9092",
                "group.id", words.length > 2 ? words[2] : "java-consumer",
                "enable.auto.commit", false,
                "auto.offset.reset", "earliest",
                "key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer",
                "value.deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
        Thread reading = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopping = true;
            try {
                reading.join();
            } catch (InterruptedException cut) {
                Thread.currentThread().interrupt();
            }
        }));
        try (var consumer = new KafkaConsumer<String, byte[]>(settings)) {
            new StealsConsumer(consumer).read(words.length > 1 ? words[1] : "steals");
        }
    }

    private void read(String topic) throws IOException {
        consumer.subscribe(List.of(topic), this);
        while (!stopping) {
            Map<TopicPartition, OffsetAndMetadata> done = new HashMap<>();
            for (var record : consumer.poll(Duration.ofMillis(500))) {
                var place = new TopicPartition(record.topic(), record.partition());
                show(place, json.readTree(record.value()));
                done.put(place, new OffsetAndMetadata(record.offset() + 1, seen.get(place).toString()));
            }
            System.out.flush();
            consumer.commitSync(done);
        }
    }

    private void show(TopicPartition place, JsonNode fact) {
        if (fact.path("v").asInt() != 1) {
            throw new IllegalStateException("version " + fact.path("v") + " is not known to this program");
        }
        long number = number(fact.path("id").asText());
        if (number > seen.getOrDefault(place, -1L)) {
            seen.put(place, number);
            System.out.printf("%s %s %s%n", fact.path("account").asText("-"),
                    fact.path("type").asText(), fact.path("symbol").asText("-"));
        }
    }

    /** An id is `partition-offset-index`; within a partition, offset and index make one number. */
    private static long number(String id) {
        String[] parts = id.split("-");
        return Long.parseLong(parts[1]) << 24 | Integer.parseInt(parts[2]);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> places) {
        consumer.committed(Set.copyOf(places)).forEach((place, committed) -> {
            if (committed != null && !committed.metadata().isEmpty()) {
                seen.put(place, Long.parseLong(committed.metadata()));
            }
        });
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> places) {
        places.forEach(seen::remove);
    }
}
