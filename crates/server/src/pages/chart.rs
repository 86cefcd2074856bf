//! Charts drawn on the server as SVG. Shapes carry classes (the style sheet colours them), never inline style.
//!
//! Each chart says in words what it shows (`<title>`, `<desc>`) and has its numbers as a table beside it, so that it is
//! read without seeing it and printed without colours.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Html, Shell, parts::grouped};

/// One measured value.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// The value.
    pub value: f64,
}

/// How large a line chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// A strip beside a number: no axes.
    #[default]
    Spark,
    /// With axes and numbers.
    Full,
}

/// A line chart of one value over time with its reference range.
#[derive(Clone, Default)]
pub struct Line {
    /// What is shown.
    pub title: String,
    /// Unit of the values.
    pub unit: String,
    /// Values, in any order.
    pub points: Vec<Point>,
    /// Lower end of the reference range.
    pub low: Option<f64>,
    /// Upper end of the reference range.
    pub high: Option<f64>,
    /// How large.
    pub size: Size,
}

/// Bars, one a line.
#[derive(Clone, Default)]
pub struct Bars {
    /// What is shown.
    pub title: String,
    /// Name of the first column of the table.
    pub what: String,
    /// Label and number.
    pub items: Vec<(String, u64)>,
}

/// Numbers by row (a day, a person) and hour of the day.
#[derive(Clone, Default)]
pub struct Heat {
    /// What is shown.
    pub title: String,
    /// Label and the number for each hour.
    pub rows: Vec<(String, [u32; 24])>,
}

super::no_content_in_debug!(Line, Bars, Heat);

/// Writes text so that it is safe inside SVG and HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A value without needless places.
fn value_text(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Steps of 1, 2 or 5 times a power of ten that give about `wanted` lines between `low` and `high`.
fn ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let raw = (high - low) / wanted;
    if !raw.is_finite() || raw <= 0.0 {
        return vec![low];
    }
    let power = 10_f64.powf(raw.log10().floor());
    let step = match raw / power {
        r if r <= 1.0 => power,
        r if r <= 2.0 => 2.0 * power,
        r if r <= 5.0 => 5.0 * power,
        _ => 10.0 * power,
    };
    let mut at = (low / step).ceil() * step;
    let mut out = Vec::new();
    while at <= high + step * 1e-9 && out.len() < 12 {
        out.push(at);
        at += step;
    }
    out
}

#[expect(clippy::cast_precision_loss, reason = "positions on a drawing")]
fn seconds(at: Timestamp) -> f64 {
    at.as_second() as f64
}

/// The box the values are drawn in and the scales of both axes.
struct Scale {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    from: f64,
    to: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn x(&self, at: Timestamp) -> f64 {
        let width = self.right - self.left;
        if self.to <= self.from {
            return self.left + width / 2.0;
        }
        self.left + (seconds(at) - self.from) / (self.to - self.from) * width
    }

    fn y(&self, value: f64) -> f64 {
        let height = self.bottom - self.top;
        self.bottom - (value - self.low) / (self.high - self.low) * height
    }
}

impl Line {
    /// The same chart with axes.
    pub(crate) fn grown(&self) -> Self {
        Self { size: Size::Full, ..self.clone() }
    }

    fn sorted(&self) -> Vec<Point> {
        let mut points: Vec<_> = self.points.iter().copied().filter(|p| p.value.is_finite()).collect();
        points.sort_by_key(|p| p.at);
        points
    }

    /// Whether a value lies outside the reference range.
    fn is_out(&self, value: f64) -> bool {
        self.low.is_some_and(|low| value < low) || self.high.is_some_and(|high| value > high)
    }

    fn scale(&self, points: &[Point], width: f64, height: f64) -> Scale {
        let (left, right, top, bottom) = match self.size {
            Size::Spark => (5.0, width - 5.0, 5.0, height - 5.0),
            Size::Full => (46.0, width - 12.0, 10.0, height - 24.0),
        };
        let ends = points.iter().map(|p| p.value).chain(self.low).chain(self.high);
        let (mut low, mut high) = ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if !low.is_finite() || !high.is_finite() {
            (low, high) = (0.0, 1.0);
        }
        let room = if high > low { (high - low) * 0.12 } else { high.abs().max(1.0) * 0.1 };
        Scale {
            left,
            right,
            top,
            bottom,
            from: points.first().map_or(0.0, |p| seconds(p.at)),
            to: points.last().map_or(0.0, |p| seconds(p.at)),
            low: if low >= 0.0 { (low - room).max(0.0) } else { low - room },
            high: high + room,
        }
    }

    /// What the chart shows, as one sentence.
    fn sentence(&self, shell: &Shell, points: &[Point]) -> String {
        let t = shell.t();
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return t.chart_empty();
        };
        let bottom = points.iter().map(|p| p.value).fold(f64::INFINITY, f64::min);
        let top = points.iter().map(|p| p.value).fold(f64::NEG_INFINITY, f64::max);
        t.chart_line_desc(
            points.len(),
            shell.day(&first.at),
            shell.day(&last.at),
            value_text(bottom),
            value_text(top),
            value_text(last.value),
            self.unit.as_str(),
        )
    }

    /// The drawing alone.
    pub fn svg(&self, shell: &Shell) -> Html {
        let points = self.sorted();
        let (width, height) = match self.size {
            Size::Spark => (180.0, 44.0),
            Size::Full => (640.0, 200.0),
        };
        let scale = self.scale(&points, width, height);
        let class = if self.size == Size::Full { "chart chart-line chart-full" } else { "chart chart-line" };
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" preserveAspectRatio=\"{}\">\
             <title>{}</title><desc>{}</desc>",
            if self.size == Size::Full { "xMidYMid meet" } else { "none" },
            escaped(&self.title),
            escaped(&self.sentence(shell, &points)),
        );
        self.draw_band(&mut svg, &scale);
        if self.size == Size::Full {
            Self::draw_axes(&mut svg, &scale, &points, shell);
        }
        let mut path = String::new();
        for (i, point) in points.iter().enumerate() {
            let _ =
                write!(path, "{}{:.1} {:.1}", if i == 0 { "M" } else { "L" }, scale.x(point.at), scale.y(point.value));
        }
        if points.len() > 1 {
            let _ = write!(svg, "<path class=\"chart-stroke\" d=\"{path}\"/>");
        }
        let last = points.len().saturating_sub(1);
        for (i, point) in points.iter().enumerate() {
            let out = self.is_out(point.value);
            if self.size == Size::Full || out || i == last {
                // A point is a stroke of no length with round ends: it stays round when the strip is stretched.
                let _ = write!(
                    svg,
                    "<path class=\"chart-point{}{}\" d=\"M{:.1} {:.1}h0\"/>",
                    if out { " is-out" } else { "" },
                    if i == last { " is-last" } else { "" },
                    scale.x(point.at),
                    scale.y(point.value),
                );
            }
        }
        svg.push_str("</svg>");
        Html::trusted(svg)
    }

    fn draw_band(&self, svg: &mut String, scale: &Scale) {
        if self.low.is_none() && self.high.is_none() {
            return;
        }
        let top = self.high.map_or(scale.top, |v| scale.y(v).max(scale.top));
        let bottom = self.low.map_or(scale.bottom, |v| scale.y(v).min(scale.bottom));
        let _ = write!(
            svg,
            "<rect class=\"chart-band\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            scale.left,
            scale.right - scale.left,
            (bottom - top).max(1.0),
        );
    }

    fn draw_axes(svg: &mut String, scale: &Scale, points: &[Point], shell: &Shell) {
        for tick in ticks(scale.low, scale.high, 4.0) {
            let y = scale.y(tick);
            let _ = write!(
                svg,
                "<path class=\"chart-grid\" d=\"M{:.1} {y:.1}H{:.1}\"/>\
                 <text class=\"chart-text is-end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                scale.left,
                scale.right,
                scale.left - 6.0,
                y + 4.0,
                value_text(tick),
            );
        }
        let mut shown: Vec<&Point> = points.first().into_iter().collect();
        if points.len() > 2 {
            shown.extend(points.get(points.len() / 2));
        }
        if points.len() > 1 {
            shown.extend(points.last());
        }
        let many = shown.len();
        // Under two days apart, the day says too little.
        let short = scale.to - scale.from < 2.0 * 86_400.0;
        for (i, point) in shown.into_iter().enumerate() {
            let class = match i {
                0 if many > 1 => "",
                _ if i + 1 == many && many > 1 => " is-end",
                _ => " is-middle",
            };
            let _ = write!(
                svg,
                "<text class=\"chart-text{class}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                scale.x(point.at),
                scale.bottom + 17.0,
                if short { shell.minute(&point.at) } else { shell.day(&point.at) },
            );
        }
    }

    /// The drawing with its numbers as a table to unfold.
    pub fn figure(&self, shell: &Shell) -> Html {
        let t = shell.t();
        let mut out = format!("<figure class=\"figure\">{}", self.svg(shell));
        let _ = write!(
            out,
            "<details class=\"figure-data\"><summary>{}</summary><table class=\"table is-tight\"><caption class=\"sr-only\">\
             {}</caption><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"is-number\">{}</th></tr></thead><tbody>",
            escaped(&t.chart_numbers()),
            escaped(&self.title),
            escaped(&t.chart_when()),
            escaped(&t.chart_value(self.unit.as_str())),
        );
        for point in self.sorted().iter().rev() {
            let _ = write!(
                out,
                "<tr><td>{}</td><td class=\"is-number{}\">{}</td></tr>",
                shell.when(&point.at),
                if self.is_out(point.value) { " is-out" } else { "" },
                value_text(point.value),
            );
        }
        out.push_str("</tbody></table></details></figure>");
        Html::trusted(out)
    }
}

impl Bars {
    /// A table whose numbers are drawn as bars: the table is the chart.
    pub fn figure(&self, shell: &Shell) -> Html {
        let t = shell.t();
        let greatest = self.items.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
        let mut out = format!(
            "<table class=\"bars\"><caption class=\"sr-only\">{}</caption><thead class=\"sr-only\"><tr>\
             <th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>",
            escaped(&self.title),
            escaped(&self.what),
            escaped(&t.chart_count()),
        );
        for (label, n) in &self.items {
            #[expect(clippy::cast_precision_loss, reason = "length of a bar")]
            let length = (*n as f64 / greatest as f64 * 100.0).max(if *n > 0 { 1.0 } else { 0.0 });
            let _ = write!(
                out,
                "<tr><th scope=\"row\">{}</th><td><svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
                 aria-hidden=\"true\" focusable=\"false\"><rect class=\"bar-back\" width=\"100\" height=\"10\"/>\
                 <rect class=\"bar-fill\" width=\"{length:.1}\" height=\"10\"/></svg>\
                 <span class=\"bar-number\">{}</span></td></tr>",
                escaped(label),
                grouped(*n),
            );
        }
        out.push_str("</tbody></table>");
        Html::trusted(out)
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Heat {
    /// Five steps of colour for a number.
    fn step(n: u32, greatest: u32) -> u32 {
        if n == 0 { 0 } else { 1 + (n.saturating_mul(4).saturating_sub(1)) / greatest.max(1) }.min(4)
    }

    /// The map with its numbers as a table to unfold.
    pub fn figure(&self, shell: &Shell) -> Html {
        let t = shell.t();
        let greatest = self.rows.iter().flat_map(|(_, hours)| hours).copied().max().unwrap_or(0);
        let total: u64 = self.rows.iter().flat_map(|(_, hours)| hours).map(|n| u64::from(*n)).sum();
        let (cell, left, top) = (22_usize, 58_usize, 18_usize);
        let (width, height) = (left + 24 * cell, top + self.rows.len() * cell);
        let mut out = format!(
            "<figure class=\"figure\"><svg class=\"chart chart-heat\" viewBox=\"0 0 {width} {height}\" role=\"img\">\
             <title>{}</title><desc>{}</desc>",
            escaped(&self.title),
            escaped(&t.chart_heat_desc(total, greatest)),
        );
        for hour in (0..24).step_by(3) {
            let _ =
                write!(out, "<text class=\"chart-text\" x=\"{}\" y=\"12\">{hour:02}</text>", left + hour * cell + 2);
        }
        for (i, (label, hours)) in self.rows.iter().enumerate() {
            let y = top + i * cell;
            let _ = write!(
                out,
                "<text class=\"chart-text is-end\" x=\"{}\" y=\"{}\">{}</text>",
                left - 8,
                y + 15,
                escaped(label)
            );
            for (hour, n) in hours.iter().enumerate() {
                let _ = write!(
                    out,
                    "<rect class=\"heat-{}\" x=\"{}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"3\"/>",
                    Self::step(*n, greatest),
                    left + hour * cell,
                    cell - 3,
                    cell - 3,
                );
            }
        }
        let _ = write!(
            out,
            "</svg><details class=\"figure-data\"><summary>{}</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" \
             aria-label=\"{}\"><table class=\"table is-tight\"><thead><tr><td></td>",
            escaped(&t.chart_numbers()),
            escaped(&self.title),
        );
        for hour in 0..24 {
            let _ = write!(out, "<th scope=\"col\" class=\"is-number\">{hour:02}</th>");
        }
        out.push_str("</tr></thead><tbody>");
        for (label, hours) in &self.rows {
            let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escaped(label));
            for n in hours {
                let _ = write!(out, "<td class=\"is-number\">{n}</td>");
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div></details></figure>");
        Html::trusted(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Lang;

    fn shell() -> Shell {
        Shell::new(Lang::En, "Sample Hospital", "2026-03-11T06:00:00Z".parse().unwrap())
    }

    fn line(values: &[f64]) -> Line {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let points = values
            .iter()
            .enumerate()
            .map(|(i, v)| Point {
                at: start + jiff::SignedDuration::from_hours(24 * i64::try_from(i).unwrap()),
                value: *v,
            })
            .collect();
        Line { title: "HbA1c <x>".into(), unit: "%".into(), points, low: Some(4.0), high: Some(6.0), size: Size::Full }
    }

    #[test]
    fn a_value_outside_the_range_is_marked_in_drawing_and_table() {
        let html = line(&[5.0, 7.5]).figure(&shell());
        assert_eq!(html.as_str().matches("chart-point is-out").count(), 1);
        assert_eq!(html.as_str().matches("is-number is-out").count(), 1);
    }

    #[test]
    fn a_title_from_a_document_cannot_become_markup() {
        let html = line(&[5.0]).figure(&shell());
        assert!(html.as_str().contains("HbA1c &lt;x&gt;"));
        assert!(!html.as_str().contains("<x>"));
    }

    #[test]
    fn charts_carry_no_inline_style() {
        let heat = Heat { title: "h".into(), rows: vec![("Mon".into(), [3; 24])] };
        let bars = Bars { title: "b".into(), what: "w".into(), items: vec![("a".into(), 3), ("b".into(), 0)] };
        for html in [line(&[1.0, 2.0]).figure(&shell()), heat.figure(&shell()), bars.figure(&shell())] {
            assert!(!html.as_str().contains("style="), "{}", html.as_str());
        }
    }

    #[test]
    fn a_chart_of_nothing_or_of_one_flat_value_has_finite_numbers() {
        for values in [&[][..], &[5.0], &[0.0, 0.0], &[f64::NAN]] {
            let svg = Line { low: None, high: None, ..line(values) }.svg(&shell());
            assert!(!svg.as_str().contains("NaN") && !svg.as_str().contains("inf"), "{}", svg.as_str());
        }
    }

    #[test]
    fn steps_of_an_axis_are_round_numbers() {
        assert_eq!(ticks(0.0, 10.0, 4.0), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(1.0, 1.0, 4.0), [1.0]);
    }

    #[test]
    fn heat_runs_from_nothing_to_the_greatest() {
        assert_eq!(Heat::step(0, 9), 0);
        assert_eq!(Heat::step(1, 100), 1);
        assert_eq!(Heat::step(9, 9), 4);
        assert_eq!(Heat::step(0, 0), 0);
    }
}
