//! Sheets of labels and wrist bands.

use paper::{Page, Size, pdf};
use qrcode::{Color, EcLevel, QrCode};

use crate::Label;

/// The quiet zone around a code, in modules (ISO/IEC 18004, 6.3.8).
const QUIET: f32 = 4.0;
/// A label's size and its code's, in millimetres, quiet zone and all.
const LABEL: [f32; 2] = [63.5, 33.9];
const CODE: f32 = 30.0;
/// A band as it goes around a wrist, in millimetres.
const BAND: Size = Size { width: 254.0, height: 25.4 };
const BLACK: [u8; 3] = [0; 3];

/// Why nothing is printed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrintError {
    /// No code holds it.
    #[error("the case's name is too long for a code: {0}")]
    TooLong(String),
}

/// Sheets of labels, three beside each other and as many rows as fit: one for the case and one for each lesion.
///
/// # Errors
///
/// Where a name is too long for a code.
pub fn sheets(labels: &[Label], size: Size) -> Result<Vec<u8>, PrintError> {
    let columns = ((size.width / LABEL[0]) as usize).max(1);
    let rows = (((size.height - 20.0) / LABEL[1]) as usize).max(1);
    let margin = (size.width - columns as f32 * LABEL[0]) / 2.0;
    let top = (size.height - rows as f32 * LABEL[1]) / 2.0;
    let mut pages = Vec::new();
    for sheet in labels.chunks(columns * rows) {
        let mut page = Page::new(size);
        for (place, label) in sheet.iter().enumerate() {
            let (column, row) = ((place % columns) as f32, (place / columns) as f32);
            draw(&mut page, [margin + column * LABEL[0], top + row * LABEL[1] + 2.0], CODE, label)?;
        }
        pages.push(page);
    }
    if pages.is_empty() {
        pages.push(Page::new(size));
    }
    Ok(pdf(pages))
}

/// A band for the wrist with the case's code, three times, so that one lies upwards.
///
/// # Errors
///
/// Where the name is too long for a code.
pub fn wrist_band(case_id: &str) -> Result<Vec<u8>, PrintError> {
    let label = Label { case_id: case_id.into(), lesion: None };
    let mut page = Page::new(BAND);
    for place in [15.0, 95.0, 175.0] {
        draw(&mut page, [place, 1.7], 22.0, &label)?;
    }
    Ok(pdf(vec![page]))
}

/// A code with its words beside it, from its upper left corner.
fn draw(page: &mut Page, [x, y]: [f32; 2], side: f32, label: &Label) -> Result<(), PrintError> {
    let code = QrCode::with_error_correction_level(label.text(), EcLevel::Q)
        .map_err(|error| PrintError::TooLong(error.to_string()))?;
    let module = side / (code.width() as f32 + 2.0 * QUIET);
    for (index, colour) in code.to_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            let (column, row) = ((index % code.width()) as f32, (index / code.width()) as f32);
            let at = [x + (column + QUIET) * module, y + (row + QUIET) * module];
            page.rectangle(at, module, module, BLACK);
        }
    }
    let right = x + side;
    let case: Vec<char> = label.case_id.chars().collect();
    for (line, part) in case.chunks(14).take(3).enumerate() {
        page.text([right, y + 9.0 + 4.0 * line as f32], 3.6, &part.iter().collect::<String>());
    }
    if let Some(lesion) = label.lesion {
        page.text([right, y + side - 5.0], 6.0, &format!("L{lesion}"));
    }
    Ok(())
}
