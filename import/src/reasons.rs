//! Why a row was refused, for a clerk: the API's reasons in Vietnamese.

use domain::phone::NotAMobile;

/// The API's reason on the left. Each continues a sentence that begins with the column's name.
const REASONS: [(&str, &str); 12] = [
    ("is missing", "không được để trống"),
    ("is empty", "không được để trống"),
    ("must be a date, yyyy-mm-dd", "phải là ngày/tháng/năm có thật, ví dụ 25/11/2026"),
    ("must be a day from 1990 to 2199", "phải là ngày trong khoảng năm 1990 đến 2199"),
    ("is before received_on", "sớm hơn ngày nhận hồ sơ"),
    ("must be a whole number from 0 to 2^53", "phải là số nguyên từ 0 trở lên"),
    ("must be true or false", "phải là “có” hoặc “không”"),
    ("may hold only letters A-Z, digits, '.', '/' and '-'", "chỉ được gồm chữ cái không dấu, chữ số và các dấu . / -"),
    ("must begin and end with a letter or a digit", "phải bắt đầu và kết thúc bằng chữ cái hoặc chữ số"),
    ("holds control characters", "có ký tự lạ, không nhìn thấy được: xóa đi và gõ lại"),
    (
        "is stored already with other content: raise it with every change",
        "này hệ thống đã có, với nội dung khác: tăng số phiên bản rồi nhập lại",
    ),
    ("temporarily out of order: send the same again later", "hệ thống tạm ngừng, nhập lại sau"),
];

/// The translation of the API's reason; an unknown reason stays as it is.
pub fn vietnamese(reason: &str) -> String {
    if let Some(most) = reason.strip_prefix("has more than ").and_then(|rest| rest.strip_suffix(" characters")) {
        return format!("dài quá {most} ký tự");
    }
    REASONS.iter().find(|(known, _)| *known == reason).map_or(reason, |(_, vietnamese)| vietnamese).to_owned()
}

/// Why a dossier that is stored will get no notice.
pub fn no_mobile(why: NotAMobile) -> &'static str {
    match why {
        NotAMobile::FixedLine => "số máy bàn",
        NotAMobile::Foreign => "số nước ngoài",
        NotAMobile::Nonsense => "không phải số di động",
    }
}
