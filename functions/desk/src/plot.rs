//! Bar charts, drawn here as SVG: they need no script and print as they are. What they show is in a table beside them, too.

use std::fmt::Write;

/// The inside of a chart, in pixels.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
/// For the numbers at the left and the names at the bottom.
const LEFT: f64 = 48.0;
const BOTTOM: f64 = 22.0;
/// Between the bars, as a part of their distance.
const GAP: f64 = 0.25;

/// One bar: its name, and its parts from the bottom up.
pub(crate) struct Bar {
    pub name: String,
    pub parts: Vec<u64>,
}

/// Stacked bars. `classes`: the style of each part, which the legend of the page names.
pub(crate) fn bars(title: &str, bars: &[Bar], classes: &[&str]) -> String {
    let most = scale(bars.iter().map(|bar| bar.parts.iter().sum()).max().unwrap_or(0));
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
        LEFT + WIDTH,
        HEIGHT + BOTTOM + 8.0,
        escaped(title)
    );
    for step in 0..=4 {
        let (value, y) = (most * step / 4, 8.0 + HEIGHT * (1.0 - step as f64 / 4.0));
        let _ = write!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            LEFT + WIDTH,
            LEFT - 6.0,
            y + 4.0
        );
    }
    let distance = WIDTH / bars.len().max(1) as f64;
    for (at, bar) in bars.iter().enumerate() {
        let x = LEFT + distance * (at as f64 + GAP / 2.0);
        svg += &stack(bar, classes, x, distance * (1.0 - GAP), most);
    }
    svg + "</svg>"
}

fn stack(bar: &Bar, classes: &[&str], x: f64, width: f64, most: u64) -> String {
    let mut svg = String::new();
    let mut top = 8.0 + HEIGHT;
    for (part, class) in bar.parts.iter().zip(classes) {
        let height = HEIGHT * *part as f64 / most as f64;
        top -= height;
        if *part > 0 {
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
    }
    let middle = x + width / 2.0;
    let _ = write!(
        svg,
        "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        HEIGHT + BOTTOM,
        escaped(&bar.name)
    );
    svg
}

/// The next round number that four lines divide.
fn scale(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for round in [4, 8, 12, 20, 40] {
            if round * step >= most {
                return round * step;
            }
        }
        step *= 10;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_fits_and_a_day_without_anything_has_none() {
        let days = [Bar { name: "1".into(), parts: vec![70, 30] }, Bar { name: "2".into(), parts: vec![0, 0] }];
        let svg = bars("Tin theo ngày", &days, &["good", "bad"]);
        assert_eq!((svg.matches("<rect").count(), svg.matches("<text").count()), (2, 5 + 2));
        assert!(svg.contains("height=\"105.0\"") && svg.contains("height=\"45.0\""), "70 and 30 of 120: {svg}");
        assert!(bars("", &[], &[]).ends_with("</svg>"));
    }

    #[test]
    fn the_scale_is_round_and_never_too_small() {
        for (most, expected) in
            [(0, 4), (4, 4), (5, 8), (9, 12), (13, 20), (21, 40), (41, 80), (90, 120), (123_456, 200_000)]
        {
            assert_eq!(scale(most), expected, "{most}");
        }
    }

    #[test]
    fn an_offices_name_is_text() {
        let bar = Bar { name: "<script>".into(), parts: vec![1] };
        assert!(!bars("\"<b>", &[bar], &["x"]).contains("<script"));
    }
}
