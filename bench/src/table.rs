//! The table that is printed.

use std::fmt::Write as _;

/// One line of the table.
pub(crate) struct Row {
    /// The name of the measurement.
    pub what: String,
    /// The result.
    pub ours: String,
    /// The reference that it is compared with.
    pub beside: String,
    /// Ours divided by that.
    pub ratio: Option<f64>,
    /// Answers per second, where that is what was measured.
    pub rate: Option<f64>,
    /// The aim.
    pub aim: String,
    /// Whether it was reached; none if there is no aim.
    pub met: Option<bool>,
}

impl Row {
    /// A line for information only.
    pub(crate) fn info(what: impl Into<String>, ours: impl Into<String>) -> Row {
        let (what, ours) = (what.into(), ours.into());
        let (beside, aim) = (String::new(), String::new());
        Row { what, ours, beside, ratio: None, rate: None, aim, met: None }
    }

    /// Adds the rate, by which two servers are compared.
    pub(crate) fn rate(mut self, rate: f64) -> Row {
        self.rate = Some(rate);
        self
    }

    /// Adds the reference, and the ratio.
    pub(crate) fn beside(mut self, beside: impl Into<String>, ratio: f64) -> Row {
        self.beside = beside.into();
        self.ratio = Some(ratio);
        self
    }

    /// Adds the aim, and whether it was reached.
    pub(crate) fn aim(mut self, aim: impl Into<String>, met: bool) -> Row {
        self.aim = aim.into();
        self.met = Some(met);
        self
    }

    fn cells(&self) -> [String; 6] {
        let ratio = self.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let met = self.met.map_or("", |met| if met { "yes" } else { "NO" });
        [
            self.what.clone(),
            self.ours.clone(),
            self.beside.clone(),
            ratio,
            self.aim.clone(),
            met.to_owned(),
        ]
    }
}

/// The lines as a Markdown table with aligned columns.
pub(crate) fn render(rows: &[Row]) -> String {
    let heads = ["what", "ours", "beside", "ratio", "aim", "met"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(heads).chain(rows.iter().map(Row::cells)).collect();
    let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            // Writing into a String does not fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for width in &widths {
                text.push_str(&format!("|{}", "-".repeat(width + 2)));
            }
            text.push_str("|\n");
        }
    }
    text
}
