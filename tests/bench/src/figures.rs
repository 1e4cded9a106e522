use std::time::Duration;

/// The value that a share of `values` does not exceed: 0.5 is the median. Zero if there are no values.
pub fn percentile<T: Copy + Ord + Default>(values: &[T], share: f64) -> T {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

/// The ratio of `theirs` to `ours`, as the median of the rounds: both of a round have the same noise.
pub fn ratio(theirs: &[Duration], ours: &[Duration]) -> f64 {
    let rounds = theirs.iter().zip(ours).map(|(theirs, ours)| theirs.as_secs_f64() / ours.as_secs_f64().max(1e-9));
    let mut rounds: Vec<f64> = rounds.collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(rounds.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_them_lie_at_or_below_the_median() {
        assert_eq!(percentile(&[3, 1, 2], 0.5), 2);
        assert_eq!(percentile(&[4, 1, 2, 3], 0.5), 2);
        let hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!((percentile(&hundred, 0.99), percentile(&hundred, 1.0)), (99, 100));
        assert_eq!(percentile::<u32>(&[], 0.5), 0);
    }

    #[test]
    fn a_ratio_is_of_the_same_round() {
        let ms = |values: [u64; 3]| values.map(Duration::from_millis);
        assert_eq!(ratio(&ms([20, 200, 30]), &ms([10, 100, 15])), 2.0);
    }
}
