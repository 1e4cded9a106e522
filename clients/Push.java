import static java.net.http.HttpRequest.BodyPublishers.noBody;
import static java.net.http.HttpRequest.BodyPublishers.ofByteArray;

import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Pushes dossiers to the province's SMS service, as one-stop software does whenever something changed, and asks what was sent.
 *
 * <pre>
 * export ONESTOP_URL=https://….amazonaws.com/v1    # the stack's output ApiUrl
 * export ONESTOP_SECRET=whsec_…                    # IntakeSecret, member `current`. Not an argument: `ps` shows those
 * javac -encoding UTF-8 Push.java
 * java Push &lt; dossiers.tsv                         # one dossier a line, nine fields, a tab between
 * java Push 0161701234                             # what was sent about that dossier
 * </pre>
 *
 * Take {@link #push} and {@link #ask} with what they call into your software; {@link #main} stands for your own query. Java 11, its
 * library only: where you have Jackson or Gson, let them write {@link Dossier} and read the outcomes.
 *
 * <p>Ends with 0 when everything was taken, 1 when a dossier is invalid (the rest was taken), 2 when nothing was taken and
 * somebody must correct something, 3 when the service could not be reached: keep the dossiers and send them again later.
 */
public class Push {
    static final int DOSSIERS_A_CALL = 100;
    static final Duration TIMEOUT =
            Duration.ofSeconds(Long.parseLong(System.getenv().getOrDefault("ONESTOP_TIMEOUT", "20")));
    /** Seconds between the tries of one call. */
    static final int[] PAUSES = {1, 2, 4, 8};
    static final String KEY = "(whsec_)?([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?";

    static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT).build();
    static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    static final PrintStream ERR = new PrintStream(System.err, true, StandardCharsets.UTF_8);

    /** A whole call was not taken. */
    static class NotTaken extends Exception {
        /** What the program ends with. */
        final int code;

        NotTaken(int code, String what) {
            super(what);
            this.code = code;
        }
    }

    /** A dossier as the contract wants it. It may also have `office`, `same_day`, `result_on` and `silent`. */
    static class Dossier {
        final String receiptCode;
        /** Raise it with every change of the dossier. */
        final long revision;
        final String json;

        Dossier(String line) {
            String[] field = line.split("\t", -1);
            receiptCode = field[0];
            revision = Long.parseLong(field[1]);
            json = "{\"receipt_code\":" + quoted(receiptCode) + ",\"revision\":" + revision
                    + ",\"procedure\":" + quoted(field[2])
                    + ",\"phone\":" + (field[3].isEmpty() ? "null" : quoted(field[3])) // null where the citizen left none
                    + ",\"received_on\":" + quoted(field[4]) + ",\"appointment_on\":" + quoted(field[5])
                    + ",\"step\":" + quoted(field[6]) + ",\"status\":" + quoted(field[7]) + ",\"unit\":" + quoted(field[8]) + "}";
        }

        static String quoted(String text) {
            StringBuilder json = new StringBuilder("\"");
            for (char letter : text.toCharArray()) {
                if (letter == '"' || letter == '\\') {
                    json.append('\\').append(letter);
                } else if (letter < ' ') {
                    json.append(String.format("\\u%04x", (int) letter));
                } else {
                    json.append(letter);
                }
            }
            return json.append('"').toString();
        }
    }

    /** What became of one dossier: the JSON object of the answer. */
    static class Outcome {
        final String json;

        Outcome(String json) {
            this.json = json;
        }

        /** A text of it; null where there is none. */
        String get(String name) {
            return textOf(json, name);
        }

        boolean isInvalid() {
            return "invalid".equals(get("outcome"));
        }

        /** What staff read about it. */
        String told() {
            if ("stale".equals(get("outcome"))) {
                return "bỏ qua, hệ thống đã có bản mới hơn";
            }
            if (isInvalid()) {
                String field = get("field");
                String toDo = "revision".equals(field) ? "Tăng revision" : "Sửa " + field;
                return "KHÔNG NHẬN: " + field + " " + get("reason") + ". " + toDo + " rồi gửi lại";
            }
            return get("warning") == null ? "đã lưu" : "đã lưu; lưu ý: " + get("warning");
        }
    }

    /** Pushes up to 100 dossiers and returns an outcome for each, in their order. */
    static List<Outcome> push(String url, String secret, List<Dossier> dossiers) throws Exception {
        String body = dossiers.stream().map(dossier -> dossier.json).collect(Collectors.joining(",", "[", "]"));
        HttpResponse<String> response = call(url, secret, "/dossiers", body.getBytes(StandardCharsets.UTF_8));
        int status = status(response);
        checkTheCaller(status);
        if (mayHelpToTryAgain(status)) {
            throw new NotTaken(3, "chưa gửi được (" + reason(status)
                    + "). Giữ các hồ sơ này lại và gửi lại sau; gửi trùng không sao cả");
        }
        List<Outcome> outcomes = outcomes(response.body());
        if (status != 200 || outcomes.size() != dossiers.size()) {
            throw new NotTaken(2, status + ": " + response.body());
        }
        return outcomes;
    }

    /** What was sent about a dossier: the lines that staff read. */
    static List<String> ask(String url, String secret, String receiptCode) throws Exception {
        String code = URLEncoder.encode(receiptCode, StandardCharsets.UTF_8).replace("+", "%20");
        HttpResponse<String> response = call(url, secret, "/dossiers/" + code + "/notices", new byte[0]);
        int status = status(response);
        checkTheCaller(status);
        if (status == 404) {
            throw new NotTaken(2, "404: hệ thống không có hồ sơ này. Kiểm tra mã số biên nhận");
        }
        if (mayHelpToTryAgain(status)) {
            throw new NotTaken(3, "chưa hỏi được (" + reason(status) + "). Hỏi lại sau");
        }
        if (status != 200 || !response.body().contains("\"notices\":")) {
            throw new NotTaken(2, status + ": " + response.body());
        }
        return lines(response.body());
    }

    static List<String> lines(String answer) {
        String code = textOf(answer, "receipt_code");
        List<String> lines = new ArrayList<>();
        String nothing = null;
        for (String object : objects(answer)) {
            String sentence = textOf(object, "sentence");
            if (textOf(object, "notice") != null) {
                lines.add(code + ", " + textOf(object, "notice") + ", " + textOf(object, "enqueued_at") + ": " + sentence);
            } else if (sentence != null) {
                nothing = sentence;
            }
        }
        if (nothing != null) {
            lines.add(code + ", thay đổi mới nhất: " + nothing);
        } else if (lines.isEmpty()) {
            lines.add(code + ": chưa có tin nhắn");
        }
        return lines;
    }

    static void checkTheCaller(int status) throws NotTaken {
        if (status == 401) {
            throw new NotTaken(2, "401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này (không lệch quá 5 phút)");
        }
        if (status == 403) {
            throw new NotTaken(2, "403: máy này không được phép gọi. Kiểm tra ONESTOP_URL và danh sách địa chỉ IP được phép");
        }
    }

    /** One call. Each try has the same webhook-id, and a timestamp and signature of its own. */
    static HttpResponse<String> call(String url, String secret, String path, byte[] body) throws Exception {
        String id = "msg_" + UUID.randomUUID().toString().replace("-", "");
        for (int pause : PAUSES) {
            HttpResponse<String> response = tryOnce(url + path, secret, id, body);
            if (!mayHelpToTryAgain(status(response))) {
                return response;
            }
            ERR.println("… chưa gửi được (" + reason(status(response)) + "), thử lại sau " + pause + " giây");
            Thread.sleep(pause * 1000L);
        }
        return tryOnce(url + path, secret, id, body);
    }

    /** The answer; null where none came. */
    static HttpResponse<String> tryOnce(String url, String secret, String id, byte[] body) throws Exception {
        String timestamp = Long.toString(Instant.now().getEpochSecond());
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .timeout(TIMEOUT)
                .header("content-type", "application/json; charset=utf-8")
                .header("webhook-id", id)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", sign(secret, id, timestamp, body))
                .method(body.length == 0 ? "GET" : "POST", body.length == 0 ? noBody() : ofByteArray(body))
                .build();
        try {
            return HTTP.send(request, BodyHandlers.ofString(StandardCharsets.UTF_8));
        } catch (IOException noAnswer) {
            return null;
        }
    }

    /** Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, of the very bytes that are sent. */
    static String sign(String secret, String id, String timestamp, byte[] body) throws GeneralSecurityException {
        byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
        return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
    }

    static int status(HttpResponse<String> response) {
        return response == null ? 0 : response.statusCode();
    }

    static boolean mayHelpToTryAgain(int status) {
        return status == 0 || status == 429 || status >= 500;
    }

    static String reason(int status) {
        return status == 0 ? "không có trả lời" : Integer.toString(status);
    }

    /** A text of a JSON object; null where there is none. */
    static String textOf(String json, String name) {
        Matcher found = Pattern.compile('"' + name + "\":\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        return found.find() ? found.group(1).replaceAll("\\\\(.)", "$1") : null;
    }

    /** The objects of {"dossiers":[{…},{…}]}. */
    static List<Outcome> outcomes(String answer) {
        List<Outcome> outcomes = new ArrayList<>();
        for (String object : objects(answer)) {
            Outcome outcome = new Outcome(object);
            if (outcome.get("outcome") != null) {
                outcomes.add(outcome);
            }
        }
        return outcomes;
    }

    /** The objects without an object inside: a brace outside a text ends each. */
    static List<String> objects(String answer) {
        List<String> objects = new ArrayList<>();
        Matcher object = Pattern.compile("\\{(?:[^{}\"]|\"(?:[^\"\\\\]|\\\\.)*+\")*+\\}").matcher(answer);
        while (object.find()) {
            objects.add(object.group());
        }
        return objects;
    }

    static int run(String[] arguments) throws Exception {
        String url = System.getenv().getOrDefault("ONESTOP_URL", "").replaceFirst("/+$", "");
        String secret = System.getenv().getOrDefault("ONESTOP_SECRET", "");
        if (!url.matches("https?://\\S+") || !secret.matches(KEY)) {
            throw new NotTaken(2, "ONESTOP_URL phải là địa chỉ https://…, ONESTOP_SECRET phải là khóa whsec_… đầy đủ");
        }
        if (arguments.length > 0) {
            ask(url, secret, arguments[0]).forEach(OUT::println);
            return 0;
        }
        List<Dossier> dossiers = new ArrayList<>();
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        for (String line : input.lines().filter(line -> !line.isEmpty()).collect(Collectors.toList())) {
            if (!line.matches("[^\t]*\t[0-9]{1,16}(\t[^\t]*){7}")) {
                throw new NotTaken(2, "dòng " + (dossiers.size() + 1)
                        + ": cần 9 ô cách nhau bằng dấu tab, ô thứ hai (revision) là số nguyên");
            }
            dossiers.add(new Dossier(line));
        }
        boolean invalid = false;
        for (int start = 0; start < dossiers.size(); start += DOSSIERS_A_CALL) {
            List<Dossier> batch = dossiers.subList(start, Math.min(start + DOSSIERS_A_CALL, dossiers.size()));
            List<Outcome> outcomes = push(url, secret, batch);
            for (int at = 0; at < batch.size(); at++) {
                Dossier dossier = batch.get(at);
                OUT.println(dossier.receiptCode + ", bản " + dossier.revision + ": " + outcomes.get(at).told());
                invalid = invalid || outcomes.get(at).isInvalid();
            }
        }
        return invalid ? 1 : 0;
    }

    public static void main(String[] arguments) throws Exception {
        try {
            System.exit(run(arguments));
        } catch (NotTaken error) {
            ERR.println("✗ " + error.getMessage());
            System.exit(error.code);
        }
    }
}
