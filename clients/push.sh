#!/usr/bin/env bash
# Pushes dossiers to the province's SMS service, as one-stop software does whenever something changed, and asks what was sent.
#
#     export ONESTOP_URL=https://….amazonaws.com/v1    # the stack's output ApiUrl
#     export ONESTOP_SECRET=whsec_…                    # IntakeSecret, member `current`. Not an argument: `ps` shows those
#     bash push.sh < dossiers.tsv                      # one dossier a line, nine fields, a tab between
#     bash push.sh 0161701234                          # what was sent about that dossier
#
# Needs bash, awk, curl and openssl. openssl takes the key as an argument, so run it where no stranger can call `ps`.
#
# Ends with 0 when everything was taken, 1 when a dossier is invalid (the rest was taken), 2 when nothing was taken and
# somebody must correct something, 3 when the service could not be reached: keep the dossiers and send them again later.
set -euo pipefail

dossiers_a_call=100
timeout=${ONESTOP_TIMEOUT:-20} # seconds
pauses=(1 2 4 8)               # seconds between the tries of one call
key_form='^(whsec_)?([A-Za-z0-9+/]{4}){5,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

not_taken() { # code, what
  echo "✗ $2" >&2
  exit "$1"
}

# A dossier as the contract wants it. It may also have `office`, `same_day`, `result_on` and `silent`.
# `revision` rises with every change of the dossier; `phone` is null where the citizen left none.
snapshots() {
  LC_ALL=C awk -F '\t' '
    function text(value) {
      gsub(/\\/, "&&", value); gsub(/"/, "\\\\&", value)
      gsub(/[\013-\015]/, " ", value); gsub(/[\001-\037]/, "\\u001f", value) # the service names the field that has one
      return "\"" value "\""
    }
    function number_of(digits) { sub(/^0+/, "", digits); return digits == "" ? 0 : digits }
    { sub(/\r$/, "") } !NF { next } { number++ }
    NF != 9 || $2 !~ /^[0-9]+$/ || length($2) > 16 { print number > "/dev/stderr"; exit 1 }
    { print "{\"receipt_code\":" text($1) ",\"revision\":" number_of($2) ",\"procedure\":" text($3) \
        ",\"phone\":" ($4 == "" ? "null" : text($4)) ",\"received_on\":" text($5) ",\"appointment_on\":" text($6) \
        ",\"step\":" text($7) ",\"status\":" text($8) ",\"unit\":" text($9) "}" }
  '
}

# Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`, of the very bytes that are sent.
sign() { # id, timestamp, the body's file
  local key
  key=$(printf %s "${ONESTOP_SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \n')
  printf 'v1,'
  { printf '%s.%s.' "$1" "$2" && cat "$3"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64
}

# The HTTP status; 000 where no answer came. The answer is in $work/answer. An empty $work/body makes it a GET.
try_once() { # path, id
  local timestamp status body=()
  timestamp=$(date +%s)
  if [[ -s $work/body ]]; then body=(--data-binary "@$work/body"); fi
  status=$(curl --silent --max-time "$timeout" --output "$work/answer" --write-out '%{http_code}' \
    --header 'content-type: application/json; charset=utf-8' --header 'expect:' --header "webhook-id: $2" \
    --header "webhook-timestamp: $timestamp" --header "webhook-signature: $(sign "$2" "$timestamp" "$work/body")" \
    ${body[@]+"${body[@]}"} "${ONESTOP_URL%/}$1") || status=000
  echo "$status"
}

may_help_to_try_again() { [[ $1 == 000 || $1 == 429 || $1 == 5* ]]; }

reason() { if [[ $1 == 000 ]]; then echo 'không có trả lời'; else echo "$1"; fi; }

# One call. Each try has the same webhook-id, and a timestamp and signature of its own.
call() { # path
  local id status pause
  id=msg_$(openssl rand -hex 16)
  for pause in "${pauses[@]}" ''; do
    status=$(try_once "$1" "$id")
    if [[ -z $pause ]] || ! may_help_to_try_again "$status"; then break; fi
    echo "… chưa gửi được ($(reason "$status")), thử lại sau $pause giây" >&2
    sleep "$pause"
  done
  echo "$status"
}

check_the_caller() { # status
  case $1 in
    401) not_taken 2 '401: chữ ký không đúng. Kiểm tra ONESTOP_SECRET và giờ của máy này (không lệch quá 5 phút)' ;;
    403) not_taken 2 '403: máy này không được phép gọi. Kiểm tra ONESTOP_URL và danh sách địa chỉ IP được phép' ;;
  esac
}

# Pushes the snapshots of $work/batch: an outcome for each, in their order, one a line in $work/outcomes.
push() {
  local status
  { printf '[' && paste -s -d , "$work/batch" | tr -d '\n' && printf ']'; } > "$work/body"
  : > "$work/answer"
  status=$(call /dossiers)
  check_the_caller "$status"
  if may_help_to_try_again "$status"; then
    not_taken 3 "chưa gửi được ($(reason "$status")). Giữ các hồ sơ này lại và gửi lại sau; gửi trùng không sao cả"
  fi
  # An outcome has no object inside, and a quotation mark inside a text is written \": what stands between two is },{"
  LC_ALL=C awk '{ gsub(/},\{"/, "}\n{\""); print }' "$work/answer" | grep '"outcome":"' > "$work/outcomes" || true
  if [[ $status != 200 || $(wc -l < "$work/outcomes") -ne $(wc -l < "$work/batch") ]]; then
    not_taken 2 "$status: $(cat "$work/answer")"
  fi
}

# A text or a number of a JSON object, for awk.
value='function value(json, name) {
  if (!match(json, "\"" name "\":(\"([^\"\\\\]|\\\\.)*\"|[0-9]+)")) return ""
  json = substr(json, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
  gsub(/^"|"$/, "", json)
  gsub(/\\["\\]/, "\001&", json); gsub(/\001\\/, "", json)
  return json
}'

# What staff read about each dossier. Ends with 1 where one is invalid.
tell() {
  paste "$work/batch" "$work/outcomes" | LC_ALL=C awk -F '\t' "$value"'
    function told(outcome, field) {
      if (outcome ~ /"outcome":"stale"/) return "bỏ qua, hệ thống đã có bản mới hơn"
      if (outcome ~ /"outcome":"invalid"/) {
        invalid = 1
        field = value(outcome, "field")
        return "KHÔNG NHẬN: " field " " value(outcome, "reason") ". " \
          (field == "revision" ? "Tăng revision" : "Sửa " field) " rồi gửi lại"
      }
      return outcome ~ /"warning":"/ ? "đã lưu; lưu ý: " value(outcome, "warning") : "đã lưu"
    }
    { print value($1, "receipt_code") ", bản " value($1, "revision") ": " told($2) }
    END { exit invalid }'
}

# What was sent about a dossier: the lines that staff read.
ask() { # receipt code
  local status
  : > "$work/answer"
  : > "$work/body"
  status=$(call "/dossiers/$(printf %s "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g')/notices")
  check_the_caller "$status"
  if [[ $status == 404 ]]; then not_taken 2 '404: hệ thống không có hồ sơ này. Kiểm tra mã số biên nhận'; fi
  if may_help_to_try_again "$status"; then not_taken 3 "chưa hỏi được ($(reason "$status")). Hỏi lại sau"; fi
  if [[ $status != 200 ]] || ! grep -q '"notices":' "$work/answer"; then not_taken 2 "$status: $(cat "$work/answer")"; fi
  # A quotation mark inside a text is written \": {" begins an object. Each begins a line, and only the outer one has an object inside.
  LC_ALL=C awk '{ gsub(/\{"/, "\n{\""); print }' "$work/answer" | LC_ALL=C awk "$value"'
    value($0, "receipt_code") != "" { code = value($0, "receipt_code") }
    value($0, "notice") != "" { told[++count] = value($0, "notice") ", " value($0, "enqueued_at") ": " value($0, "sentence") }
    value($0, "notice") == "" && value($0, "sentence") != "" { nothing = value($0, "sentence") }
    END {
      for (at = 1; at <= count; at++) print code ", " told[at]
      if (nothing != "") print code ", thay đổi mới nhất: " nothing
      else if (!count) print code ": chưa có tin nhắn"
    }'
}

if [[ ! ${ONESTOP_URL:-} =~ ^https?://[^[:space:]]+$ || ! ${ONESTOP_SECRET:-} =~ $key_form ]]; then
  not_taken 2 'ONESTOP_URL phải là địa chỉ https://…, ONESTOP_SECRET phải là khóa whsec_… đầy đủ'
fi
if [[ $# -gt 0 ]]; then
  ask "$1"
  exit
fi
line=$(snapshots 2>&1 > "$work/snapshots") ||
  not_taken 2 "dòng $line: cần 9 ô cách nhau bằng dấu tab, ô thứ hai (revision) là số nguyên"
code=0
total=$(wc -l < "$work/snapshots")
for ((start = 1; start <= total; start += dossiers_a_call)); do
  sed -n "$start,$((start + dossiers_a_call - 1))p" "$work/snapshots" > "$work/batch"
  push
  tell || code=1
done
exit "$code"
