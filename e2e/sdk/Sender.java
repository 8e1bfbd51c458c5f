import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/**
 * What a Java program does that sends with the JDK's own HTTP client and its
 * defaults. It offers Upgrade: h2c with every request to an http address.
 * For each operation and contact it prints a line: operation, contact, HTTP
 * status, version of HTTP, and the answer.
 */
public class Sender {
    private static final HttpClient client = HttpClient.newHttpClient();

    public static void main(String[] args) throws IOException, InterruptedException {
        for (String contact : new String[] {"allowed", "refused"}) {
            String to = env("SDK_" + contact.toUpperCase());
            send("text", contact, to, "\"type\":\"text\",\"text\":{\"body\":\"Grüße 📦\",\"preview_url\":false}");
            send("template", contact, to, "\"type\":\"template\",\"template\":{\"name\":\"" + env("SDK_TEMPLATE")
                    + "\",\"language\":{\"code\":\"" + env("SDK_LANGUAGE") + "\"},"
                    + "\"components\":[{\"type\":\"body\",\"parameters\":[{\"type\":\"text\",\"text\":\"DHL\"}]}]}");
            send("buttons", contact, to, "\"type\":\"interactive\",\"interactive\":{\"type\":\"BUTTON\",\"body\":{\"text\":\"?\"},"
                    + "\"action\":{\"buttons\":[{\"type\":\"reply\",\"reply\":{\"id\":\"y\",\"title\":\"Yes\"}}]}}");
        }
        HttpRequest get = request("/" + env("SDK_VERSION") + "/" + env("SDK_NUMBER") + "?fields=display_phone_number").GET().build();
        print("number", "allowed", client.send(get, HttpResponse.BodyHandlers.ofString()));
    }

    private static void send(String operation, String contact, String to, String content) throws IOException, InterruptedException {
        String body = "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":\"" + to + "\"," + content + "}";
        HttpRequest post = request("/" + env("SDK_VERSION") + "/" + env("SDK_NUMBER") + "/messages")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        print(operation, contact, client.send(post, HttpResponse.BodyHandlers.ofString()));
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(env("SDK_BASE_URL") + path)).header("Authorization", "Bearer " + env("SDK_TOKEN"));
    }

    private static void print(String operation, String contact, HttpResponse<String> answer) {
        System.out.println(String.join(" ", operation, contact, Integer.toString(answer.statusCode()), answer.version().toString(),
                answer.body().replace("\n", " ")));
    }

    private static String env(String name) {
        return System.getenv(name);
    }
}
