//! Where a dossier is: the step "Trả kết quả", the closing steps after it, and the one-stop desk.

use std::borrow::Cow;

use crate::text::fold;

/// "khi hồ sơ TTHC chuyển về đến bước “Trả kết quả”"
const RESULT_STEP: &str = "trả kết quả";
/// "được xác định trạng thái “Chờ bổ sung”"
const WAITING_FOR_PAPERS: &str = "chờ bổ sung";
/// "và chuyển về Bộ phận Một cửa"
const ONE_STOP_DESK: &str = "bộ phận một cửa";

/// The steps that one-stop software uses after "Trả kết quả". A dossier at one of them is still done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedSteps(Vec<Cow<'static, str>>);

impl ClosedSteps {
    /// The names in common one-stop software, folded. Parameter `ClosedSteps` replaces the list.
    pub const DEFAULT: [&str; 5] = ["đã trả kết quả", "kết thúc", "hoàn thành", "lưu hồ sơ", "đóng hồ sơ"];

    /// A list of step names. They are compared like every step: NFC, trimmed, white space squeezed, any case.
    pub fn new<'a>(steps: impl IntoIterator<Item = &'a str>) -> Self {
        Self(steps.into_iter().map(fold).filter(|step| !step.is_empty()).map(Cow::Owned).collect())
    }

    /// Whether a dossier at `step` is done: "Trả kết quả" or a closing step after it.
    pub fn is_done(&self, step: &str) -> bool {
        let step = fold(step);
        step == RESULT_STEP || self.0.contains(&Cow::Owned(step))
    }
}

impl Default for ClosedSteps {
    /// Folds nothing: a function's start would read the Unicode tables for it.
    fn default() -> Self {
        Self(Self::DEFAULT.map(Cow::Borrowed).into())
    }
}

/// The step "Trả kết quả" itself.
pub fn is_result_step(step: &str) -> bool {
    fold(step) == RESULT_STEP
}

/// The status "Chờ bổ sung".
pub fn is_waiting_for_papers(status: &str) -> bool {
    fold(status) == WAITING_FOR_PAPERS
}

/// "Bộ phận Một cửa", alone or followed by an office's name.
pub fn is_one_stop_desk(unit: &str) -> bool {
    fold(unit).strip_prefix(ONE_STOP_DESK).is_some_and(|office| !office.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::UnicodeNormalization;

    #[test]
    fn done_lasts_through_the_closing_steps_and_through_no_other() {
        let steps = ClosedSteps::default();
        for step in ["Trả kết quả", "TRẢ KẾT QUẢ ", "Đã trả kết quả", "kết  thúc"] {
            assert!(steps.is_done(step), "{step}");
            assert!(steps.is_done(&step.nfd().collect::<String>()), "{step} in NFD");
        }
        for step in ["Thẩm định", "Trả kết quả thẩm định", "Tra ket qua", ""] {
            assert!(!steps.is_done(step), "{step}");
        }
        // Typed with the Icelandic Ð and the African Ɖ; copied with invisible characters.
        for step in
            ["Ðã trả kết quả", "Ɖã trả kết quả", "Ðóng hồ sơ", "Trả\u{200b} kết quả", "\u{feff}Kết thúc\u{200e}"]
        {
            assert!(steps.is_done(step), "{step:?}");
        }
        assert!(ClosedSteps::new(["Ðã xong"]).is_done("Đã xong"));
        assert!(ClosedSteps::new(["Archived"]).is_done("archived"));
        assert!(!ClosedSteps::new(["Archived"]).is_done("Kết thúc"));
    }

    #[test]
    fn the_default_steps_are_stored_as_they_are_compared() {
        assert_eq!(ClosedSteps::default(), ClosedSteps::new(ClosedSteps::DEFAULT));
    }

    #[test]
    fn the_one_stop_desk_may_name_its_office() {
        for unit in
            ["Bộ phận Một cửa", "BỘ PHẬN MỘT CỬA ", "Bộ phận Một cửa Sở Du lịch", "Bộ phận một cửa - Sở Du lịch"]
        {
            assert!(is_one_stop_desk(unit), "{unit}");
        }
        assert!(is_one_stop_desk("Bộ phận Một\u{200b} cửa\u{200d}") && is_waiting_for_papers("Chờ\u{2060} bổ sung"));
        for unit in ["Phòng Quản lý lữ hành", "Bộ phận Một cửaX", "Trưởng Bộ phận Một cửa", ""]
        {
            assert!(!is_one_stop_desk(unit), "{unit}");
        }
    }
}
