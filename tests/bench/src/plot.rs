//! The growth as a picture: SVG, one panel for calls and one for time, dossiers on a logarithmic axis.

use std::fmt::Write;

use crate::growth::{Each, Grown};

const PANEL: (f64, f64) = (360.0, 240.0);
const MARGIN: f64 = 56.0;
const COLOURS: [&str; 5] = ["#1b6ca8", "#c0392b", "#2e8b57", "#8e5ea2", "#b7791f"];

type Job = (&'static str, fn(&Grown) -> Each);

const JOBS: [Job; 5] = [
    ("a push", |grown| grown.push),
    ("a result notice", |grown| grown.notice),
    ("an inquiry", |grown| grown.inquiry),
    ("an apology planned", |grown| grown.planned),
    ("an apology sent", |grown| grown.sent),
];

/// The whole picture: lines are in memory; squares are on the local stack, whose time is its own and is not drawn.
pub fn growth(grown: &[Grown], on_the_stack: &[Grown]) -> String {
    let (width, height) = (2.0 * (PANEL.0 + MARGIN) + 40.0, PANEL.1 + 2.0 * MARGIN + 24.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    panel(&mut svg, MARGIN, "AWS calls a dossier (squares: local stack)", (grown, on_the_stack), |each| each.calls);
    panel(&mut svg, 2.0 * MARGIN + PANEL.0, "milliseconds waited, 5 a call", (grown, &[]), |each| each.milliseconds);
    for (place, (name, _)) in JOBS.iter().enumerate() {
        let x = MARGIN + place as f64 * 150.0;
        let y = height - 16.0;
        let colour = COLOURS[place];
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{}\" width=\"14\" height=\"4\" fill=\"{colour}\"/>", y - 6.0);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{name}</text>", x + 20.0);
    }
    svg + "</svg>\n"
}

fn panel(svg: &mut String, left: f64, title: &str, (grown, squares): (&[Grown], &[Grown]), of: fn(&Each) -> f64) {
    let highest = grown.iter().flat_map(|row| JOBS.map(|(_, job)| of(&job(row)))).fold(0.0, f64::max);
    let scale = scale_for(highest);
    let bottom = MARGIN + PANEL.1;
    let x = |dossiers: usize| {
        let (first, last) = (log(grown.first()), log(grown.last()));
        left + PANEL.0 * ((dossiers as f64).log10() - first) / (last - first).max(1.0)
    };
    let y = |value: f64| bottom - PANEL.1 * value / scale;
    let _ = writeln!(svg, "<text x=\"{left}\" y=\"{}\" font-weight=\"bold\">{title}</text>", MARGIN - 20.0);
    for tick in 0..=4 {
        let value = scale * f64::from(tick) / 4.0;
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{1:.1}\" y2=\"{1:.1}\" stroke=\"#ddd\"/>",
            left + PANEL.0,
            y(value)
        );
        let _ =
            writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>", left - 6.0, y(value) + 4.0);
    }
    for row in grown {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            x(row.dossiers),
            bottom + 18.0,
            row.dossiers
        );
    }
    for ((_, job), colour) in JOBS.iter().zip(COLOURS) {
        let points: Vec<String> =
            grown.iter().map(|row| format!("{:.1},{:.1}", x(row.dossiers), y(of(&job(row))))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
        for point in &points {
            let (x, y) = point.split_once(',').unwrap_or_default();
            let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>");
        }
        for row in squares {
            let (x, y) = (x(row.dossiers) - 5.0, y(of(&job(row))) - 5.0);
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"10\" height=\"10\" fill=\"none\" stroke=\"{colour}\"/>"
            );
        }
    }
}

fn log(row: Option<&Grown>) -> f64 {
    row.map_or(0.0, |row| (row.dossiers as f64).log10())
}

/// The next of 4, 8, 20, 40, 80, … that is not smaller: their quarters are round numbers.
fn scale_for(highest: f64) -> f64 {
    let decade = 10_f64.powf(highest.max(1.0).log10().floor());
    [0.4, 0.8, 2.0, 4.0, 8.0, 20.0]
        .into_iter()
        .map(|step| step * decade)
        .find(|scale| *scale >= highest)
        .unwrap_or(20.0 * decade)
}
