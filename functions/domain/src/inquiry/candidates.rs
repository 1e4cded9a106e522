//! The codes that a run of words may contain.

use std::ops::Range;

use super::reading::MOST_READINGS;
use super::words::{
    SHORT_CODE, WHOLE, Word, is_all_digits, is_date_or_mobile, joined, length, letters, unlabelled, written,
};

/// One interpretation of a run.
pub(super) struct Candidate {
    pub code: String,
    /// The words of the run that belong to it.
    pub words: Range<usize>,
}

/// The most likely first.
pub(super) fn candidates(run: &[Word]) -> Vec<Candidate> {
    match run {
        [only] => {
            let bare = unlabelled(&only.text).into_iter();
            [&*only.text].into_iter().chain(bare).map(|code| Candidate { code: code.to_owned(), words: 0..1 }).collect()
        }
        [code @ .., last] if last.text == SHORT_CODE => with_or_without_short_code(run, code),
        _ => one_code_or_several(run),
    }
}

/// "0161701234 8083": the code and the number it is sent to; "0161 70 8083": one code in groups.
fn with_or_without_short_code(run: &[Word], code: &[Word]) -> Vec<Candidate> {
    let with = Candidate { code: joined(run), words: 0..run.len() };
    let mut all = candidates(code);
    all.truncate(MOST_READINGS - 1);
    all.insert(if length(code) >= WHOLE { all.len() } else { 0 }, with);
    all
}

/// "12 0161701234": each word that is a code by itself, then all of them as one code. "0161 701 234" is one code in
/// groups.
fn one_code_or_several(run: &[Word]) -> Vec<Candidate> {
    let joined_first = is_all_digits(run) && whole_words(run).first() != Some(&0);
    let as_one = if joined_first { [joined, hyphenated] } else { [hyphenated, joined] };
    let as_one = as_one.map(|written| Candidate { code: written(run), words: 0..run.len() });
    let mut candidates = by_themselves(run);
    match groups_of_the_first(run) {
        // "0161 701 234 0161 701 235". If all groups have the same length, they may also be one code.
        Some(groups) if candidates.is_empty() => {
            let first =
                [joined, hyphenated].map(|written| Candidate { code: written(&run[..groups]), words: 0..groups });
            let one_length = run.iter().all(|word| word.text.len() == run[0].text.len());
            let [as_one, _] = as_one;
            candidates.extend(first);
            candidates.insert(if one_length { 0 } else { candidates.len() }, as_one);
        }
        _ => {
            candidates.extend(as_one);
            if are_short_codes(run) {
                candidates.push(Candidate { code: run[0].text.clone(), words: 0..1 });
            }
        }
    }
    candidates
}

/// The codes in a run that has words of full length. "0161720005 779" is a code without its hyphen, or a code and
/// something else.
fn by_themselves(run: &[Word]) -> Vec<Candidate> {
    let mut whole = whole_words(run);
    whole.sort_by_key(|at| is_date_or_mobile(&run[*at].text));
    let Some(&first) = whole.first() else { return Vec::new() };
    let end = whole.iter().copied().filter(|at| *at > first).min().unwrap_or(run.len());
    let with_parts = &run[first..end];
    let mut candidates = Vec::new();
    let is_part = |next: &Word| next.has_digit() && (3..WHOLE).contains(&letters(&next.text));
    if with_parts.get(1).is_some_and(is_part) && !is_date_or_mobile(&joined(&with_parts[1..])) {
        candidates.push(Candidate { code: hyphenated(with_parts), words: first..end });
        if whole.len() == 1 {
            candidates.push(Candidate { code: joined(with_parts), words: first..end });
        }
    }
    candidates.extend(whole.into_iter().map(|at| Candidate { code: run[at].text.clone(), words: at..at + 1 }));
    candidates
}

/// The words that are long enough for a code. "0161 720 005-77901": a word that is long enough only because of a hyphen
/// is not a code after other words.
fn whole_words(run: &[Word]) -> Vec<usize> {
    let is_whole = |at: usize, word: &Word| {
        let in_parts = at > 0 && is_all_digits(std::slice::from_ref(word));
        let longest = word.text.split(['-', '/']).map(str::len).max().filter(|_| in_parts);
        word.has_digit() && longest.unwrap_or_else(|| letters(&word.text)) >= WHOLE
    };
    run.iter().enumerate().filter(|(at, word)| is_whole(*at, word)).map(|(at, _)| at).collect()
}

/// How many words the first code has if the run consists of codes in equal groups.
fn groups_of_the_first(run: &[Word]) -> Option<usize> {
    let is_one = |groups: &usize| {
        let mut others = run.chunks(*groups).skip(1);
        let alike = |other: &[Word]| {
            other.iter().map(|word| word.text.len()).eq(run[..*groups].iter().map(|word| word.text.len()))
        };
        length(&run[..*groups]) >= WHOLE && others.all(alike)
    };
    (2..=run.len() / 2).find(is_one).filter(|_| is_all_digits(run))
}

/// "123 456", "H30.12 H30.13": the first may be a code. Digits that are enough for a code of full length are its
/// groups.
fn are_short_codes(run: &[Word]) -> bool {
    let first = run[0].text.len();
    if length(run) < WHOLE {
        return run[1..].iter().any(|word| word.has_digit() && word.text.len() >= first);
    }
    !is_all_digits(run) && run.iter().all(|word| letters(&word.text) < WHOLE && word.text.len() == first)
}

/// The words of a run with a hyphen in the last space, or in every space if the run has other characters than digits.
fn hyphenated(run: &[Word]) -> String {
    let last = run.iter().rposition(|word| word.joint.is_none());
    let everywhere = !is_all_digits(run);
    written(run, |at| (everywhere || Some(at) == last).then_some('-'))
}
