//! placeholder until the day is written
fn main() {}
