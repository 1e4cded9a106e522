<?php
/*
 * Pushes dossiers to the province's SMS service, as one-stop software does whenever something changed, and asks what was sent.
 *
 *     export ONESTOP_URL=https://….amazonaws.com/v1    # the stack's output ApiUrl
 *     export ONESTOP_SECRET=whsec_…                    # IntakeSecret, member `current`. Not an argument: `ps` shows those
 *     php push.php < dossiers.tsv                      # one dossier a line, nine fields, a tab between
 *     php push.php 0161701234                          # what was sent about that dossier
 *
 * Take `push` and `ask` with what they call into your software; `main` stands for your own query. PHP 7.3 with its extension
 * curl.
 *
 * Ends with 0 when everything was taken, 1 when a dossier is invalid (the rest was taken), 2 when nothing was taken and
 * somebody must correct something, 3 when the service could not be reached: keep the dossiers and send them again later.
 */
declare(strict_types=1);

const FIELDS = ['receipt_code', 'revision', 'procedure', 'phone', 'received_on', 'appointment_on', 'step', 'status', 'unit'];
const DOSSIERS_A_CALL = 100;
const PAUSES = [1, 2, 4, 8]; // seconds between the tries of one call
const KEY = '~^(whsec_)?([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$~D';
define('TIMEOUT', (int) (getenv('ONESTOP_TIMEOUT') ?: 20)); // seconds

/** A whole call was not taken. Its code is what the program ends with. */
class NotTaken extends Exception
{
    public function __construct(int $code, string $what)
    {
        parent::__construct($what, $code);
    }
}

/** A dossier as the contract wants it. It may also have `office`, `same_day`, `result_on` and `silent`. */
function snapshot(string $line): array
{
    $fields = array_combine(FIELDS, explode("\t", $line));
    $fields['revision'] = (int) $fields['revision']; // raise it with every change of the dossier
    $fields['phone'] = $fields['phone'] === '' ? null : $fields['phone']; // null where the citizen left none
    return $fields;
}

/** Pushes up to 100 dossiers and returns an outcome for each, in their order. */
function push(string $url, string $secret, array $dossiers): array
{
    $body = json_encode($dossiers, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
    [$status, $answer] = call($url, $secret, '/dossiers', $body);
    check_the_caller($status);
    if (may_help_to_try_again($status)) {
        $why = reason($status);
        throw new NotTaken(3, "chưa gửi được ($why). Giữ các hồ sơ này lại và gửi lại sau; gửi trùng không sao cả");
    }
    $outcomes = json_decode($answer, true)['dossiers'] ?? [];
    if ($status !== 200 || count($outcomes) !== count($dossiers)) {
        throw new NotTaken(2, "$status: $answer");
    }
    return $outcomes;
}

/** What was sent about a dossier, as the contract has it. */
function ask(string $url, string $secret, string $receiptCode): array
{
    [$status, $answer] = call($url, $secret, '/dossiers/' . rawurlencode($receiptCode) . '/notices', '');
    check_the_caller($status);
    if ($status === 404) {
        throw new NotTaken(2, '404: hệ thống không có hồ sơ này. Kiểm tra mã số biên nhận');
    }
    if (may_help_to_try_again($status)) {
        throw new NotTaken(3, 'chưa hỏi được (' . reason($status) . '). Hỏi lại sau');
    }
    $told = json_decode($answer, true);
    if ($status !== 200 || !isset($told['notices'])) {
        throw new NotTaken(2, "$status: $answer");
    }
    return $told;
}

function check_the_caller(int $status): void
{
    if ($status === 401) {
        throw new NotTaken(2, '401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này (không lệch quá 5 phút)');
    }
    if ($status === 403) {
        throw new NotTaken(2, '403: máy này không được phép gọi. Kiểm tra ONESTOP_URL và danh sách địa chỉ IP được phép');
    }
}

/** One call. Each try has the same webhook-id, and a timestamp and signature of its own. */
function call(string $url, string $secret, string $path, string $body): array
{
    $id = 'msg_' . bin2hex(random_bytes(16));
    foreach (PAUSES as $pause) {
        [$status, $answer] = try_once($url . $path, $secret, $id, $body);
        if (!may_help_to_try_again($status)) {
            return [$status, $answer];
        }
        fwrite(STDERR, '… chưa gửi được (' . reason($status) . "), thử lại sau $pause giây\n");
        sleep($pause);
    }
    return try_once($url . $path, $secret, $id, $body);
}

/** HTTP status and answer; status 0 where none came. */
function try_once(string $url, string $secret, string $id, string $body): array
{
    $timestamp = (string) time();
    $call = curl_init($url);
    if ($body !== '') {
        curl_setopt($call, CURLOPT_POSTFIELDS, $body); // without a body it is a GET
    }
    curl_setopt_array($call, [
        CURLOPT_HTTPHEADER => [
            'content-type: application/json; charset=utf-8',
            'expect:',
            "webhook-id: $id",
            "webhook-timestamp: $timestamp",
            'webhook-signature: ' . sign($secret, $id, $timestamp, $body),
        ],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => TIMEOUT,
    ]);
    $answer = curl_exec($call);
    return $answer === false ? [0, ''] : [curl_getinfo($call, CURLINFO_RESPONSE_CODE), $answer];
}

/** Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, of the very bytes that are sent. */
function sign(string $secret, string $id, string $timestamp, string $body): string
{
    $key = base64_decode(preg_replace('/^whsec_/', '', $secret));
    return 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $key, true));
}

function may_help_to_try_again(int $status): bool
{
    return $status === 0 || $status === 429 || $status >= 500;
}

function reason(int $status): string
{
    return $status === 0 ? 'không có trả lời' : (string) $status;
}

/** What staff read about one dossier. */
function told(array $outcome): string
{
    if ($outcome['outcome'] === 'stale') {
        return 'bỏ qua, hệ thống đã có bản mới hơn';
    }
    if ($outcome['outcome'] === 'invalid') {
        $toDo = $outcome['field'] === 'revision' ? 'Tăng revision' : "Sửa {$outcome['field']}";
        return "KHÔNG NHẬN: {$outcome['field']} {$outcome['reason']}. $toDo rồi gửi lại";
    }
    return isset($outcome['warning']) ? "đã lưu; lưu ý: {$outcome['warning']}" : 'đã lưu';
}

function show(array $told): void
{
    $code = $told['receipt_code'];
    foreach ($told['notices'] as $notice) {
        echo "$code, {$notice['notice']}, {$notice['enqueued_at']}: {$notice['sentence']}\n";
    }
    if ($told['nothing'] !== null) {
        echo "$code, thay đổi mới nhất: {$told['nothing']['sentence']}\n";
    } elseif ($told['notices'] === []) {
        echo "$code: chưa có tin nhắn\n";
    }
}

function main(): int
{
    $url = rtrim((string) getenv('ONESTOP_URL'), '/');
    $secret = (string) getenv('ONESTOP_SECRET');
    if (!preg_match('~^https?://\S+$~D', $url) || !preg_match(KEY, $secret)) {
        throw new NotTaken(2, 'ONESTOP_URL phải là địa chỉ https://…, ONESTOP_SECRET phải là khóa whsec_… đầy đủ');
    }
    if (isset($_SERVER['argv'][1])) {
        show(ask($url, $secret, $_SERVER['argv'][1]));
        return 0;
    }
    $lines = preg_split('/\r?\n/', stream_get_contents(STDIN), -1, PREG_SPLIT_NO_EMPTY);
    foreach ($lines as $at => $line) {
        if (!preg_match('/^[^\t]*\t[0-9]{1,16}(\t[^\t]*){7}$/D', $line)) {
            $number = $at + 1;
            throw new NotTaken(2, "dòng $number: cần 9 ô cách nhau bằng dấu tab, ô thứ hai (revision) là số nguyên");
        }
    }
    $invalid = false;
    foreach (array_chunk(array_map('snapshot', $lines), DOSSIERS_A_CALL) as $dossiers) {
        foreach (push($url, $secret, $dossiers) as $at => $outcome) {
            echo "{$dossiers[$at]['receipt_code']}, bản {$dossiers[$at]['revision']}: ", told($outcome), "\n";
            $invalid = $invalid || $outcome['outcome'] === 'invalid';
        }
    }
    return $invalid ? 1 : 0;
}

try {
    exit(main());
} catch (NotTaken $error) {
    fwrite(STDERR, "✗ {$error->getMessage()}\n");
    exit($error->getCode());
}
