//! The pages, one file each with its template in `templates/`.

mod again;
mod asked_month;
mod by_phone;
mod calls;
mod dossier;
mod frame;
mod home;
mod inquiries;
mod letters;
mod month;
mod operator;
mod records;

pub(crate) use frame::Frame;

/// `1.234.567`, as Vietnamese write whole numbers.
pub(crate) fn grouped(number: impl std::fmt::Display) -> String {
    let written = number.to_string();
    let (sign, digits) = written.split_at(usize::from(written.starts_with('-')));
    let first = (digits.len() - 1) % 3 + 1;
    let (head, tail) = digits.split_at(first);
    tail.as_bytes()
        .chunks(3)
        .fold(format!("{sign}{head}"), |written, group| format!("{written}.{}", String::from_utf8_lossy(group)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_is_written_in_groups_of_three() {
        for (number, written) in
            [(0, "0"), (999, "999"), (1_000, "1.000"), (1_234_567, "1.234.567"), (-1_000, "-1.000")]
        {
            assert_eq!(super::grouped(number), written);
        }
    }
}
