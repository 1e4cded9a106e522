// Why a message was not sent, not delivered or not needed any more, in plain words. The short codes are those of
// functions/domain/src/notice/receipt.rs; the sentences are those that the functions write into the outbox, and the
// warnings of POST /dossiers.

import { either, word } from "./language.js";

const REASONS = {
  spend_limit: ["tài khoản gửi tin đã hết hạn mức hoặc hết tiền", "the account's limit or balance is used up"],
  max_price: ["giá của tin cao hơn mức tài khoản cho phép", "the message costs more than the account allows for one"],
  body: ["nhà mạng không chấp nhận nội dung tin", "the carrier does not accept the text"],
  sender: ["nhà mạng không chấp nhận tên người gửi, hoặc coi là tin rác", "the carrier does not accept the sender name, or took the message for spam"],
  account: ["tài khoản gửi tin bị khóa hoặc chưa được thiết lập", "the account is locked or not set up"],
  invalid_number: ["nhà mạng không nhận số điện thoại này, đề nghị kiểm tra lại số", "the carrier does not accept this number: check it"],
  opted_out: ["thuê bao đã từ chối nhận tin của người gửi này", "the citizen does not want messages of this sender"],
  blocked: ["máy hoặc nhà mạng của người nhận chặn tin", "the phone or its network blocks messages"],
  unreachable: ["máy tắt hoặc ngoài vùng phủ sóng", "the phone is switched off or out of reach"],
  expired: ["hết thời hạn phát mà tin chưa đến được máy", "it could not be delivered in the time given"],
  unknown: ["nhà mạng không cho biết lý do", "the carrier says no more"],

  "the dossier has no phone number": ["hồ sơ không có số điện thoại", "the dossier has no phone number"],
  "the dossier has no mobile number": ["hồ sơ không có số di động", "the dossier has no mobile number"],
  "the phone is a fixed line, which receives no SMS": ["số máy bàn không nhận được tin nhắn", "a fixed line receives no SMS"],
  "the phone is not a Vietnamese number": ["không phải số điện thoại Việt Nam", "it is not a Vietnamese number"],
  "the phone is not a Vietnamese mobile number": ["không phải số di động Việt Nam", "it is not a Vietnamese mobile number"],
  "the procedure takes no longer than a day": ["thủ tục giải quyết trong ngày", "the procedure takes no longer than a day"],
  "the dossier was re-opened": ["hồ sơ đã được mở lại", "the dossier was re-opened"],
  "the dossier was removed": ["hồ sơ đã bị xóa", "the dossier was removed"],
  "the result was handed over": ["kết quả đã được trao", "the result was handed over"],
  "the result was reached": ["hồ sơ đã có kết quả", "the result was reached"],
  "the papers are no longer awaited": ["hồ sơ không còn chờ bổ sung", "the papers are no longer awaited"],
  "the appointment was moved": ["ngày hẹn trả đã thay đổi", "the appointment was moved"],
  "the appointment day is past": ["đã qua ngày hẹn trả", "the appointment day is past"],
  "a later revision requires the same notice": ["lần thay đổi sau đã có tin cùng loại", "a later revision requires the same notice"],
  "the first sending arrived": ["tin gửi lần đầu đã đến", "the first sending arrived"],
  "the phone number is the one that was not reached": ["số điện thoại vẫn là số không nhận được tin", "the phone number is the one that was not reached"],
  "the carrier does not let us send": ["nhà mạng chưa cho phép gửi", "the carrier does not let us send"],
  "the rate limit leaves no slot in this run": ["đã đủ số tin của lượt này", "no room in the rate of this run"],
  "phone is a fixed line, which receives no SMS: stored, but no notice will be sent": ["Lưu ý: đây là số máy bàn.", "Note: it is a fixed line."],
  "phone is not a Vietnamese number: stored, but no notice will be sent": ["Lưu ý: đây không phải số điện thoại Việt Nam.", "Note: it is not a Vietnamese number."],
  "phone is not a Vietnamese mobile number: stored, but no notice will be sent": ["Lưu ý: đây không phải số di động Việt Nam.", "Note: it is not a Vietnamese mobile number."],
  "the dossier was unavailable": ["chưa đọc được hồ sơ", "the dossier was unavailable"],
};

const BEGINNINGS = [
  [/^given up after (\d+) attempts(?:: )?/, ["đã thử {n} lần", "given up after {n} attempts"]],
  [/^several numbers in a row were refused: /, ["nhiều số liên tiếp bị từ chối", "several numbers in a row were refused"]],
  [/^the dossier cannot be read: /, ["dữ liệu hồ sơ có lỗi", "the dossier cannot be read"]],
];

// A carrier's or AWS's own words have no translation and are shown as they are.
export function reasonInWords(reason) {
  if (Object.hasOwn(REASONS, reason)) return either(...REASONS[reason]);
  for (const [beginning, words] of BEGINNINGS) {
    const found = beginning.exec(reason);
    if (found) return withRest(either(...words).replace("{n}", found[1]), reason.slice(found[0].length));
  }
  return reason;
}

function withRest(what, rest) {
  return rest ? word("because", { what, why: reasonInWords(rest) }) : what;
}

// What is known of a message that the carrier has accepted; `delivery` is null before its receipt comes.
export function deliveryInWords(delivery, reason) {
  const what = word(`delivery_${delivery ?? "none"}`);
  return delivery === "undelivered" && reason ? word("because", { what, why: reasonInWords(reason) }) : what;
}
