//! Pages of a PDF in millimetres: fields of one colour and lines of text, which is all that labels and targets are made of.
//! The same pages give the same bytes.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str};

/// Points in a millimetre.
const POINT: f32 = 72.0 / 25.4;
const FONT: Name = Name(b"F1");

/// The size of a page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Size {
    /// In millimetres.
    pub width: f32,
    /// In millimetres.
    pub height: f32,
}

/// ISO 216.
pub const A4: Size = Size { width: 210.0, height: 297.0 };
/// As in North America.
pub const LETTER: Size = Size { width: 215.9, height: 279.4 };

/// A page being drawn. Places are in millimetres to the right and down from its upper left corner.
pub struct Page {
    size: Size,
    content: Content,
}

impl Page {
    /// White.
    pub fn new(size: Size) -> Self {
        Self { size, content: Content::new() }
    }

    /// Fills a shape of straight sides with a colour of sRGB, each value from 0 to 255.
    pub fn fill(&mut self, corners: &[[f32; 2]], colour: [u8; 3]) {
        let Some((first, rest)) = corners.split_first() else { return };
        let [red, green, blue] = colour.map(|value| f32::from(value) / 255.0);
        self.content.set_fill_rgb(red, green, blue);
        let height = self.size.height;
        let place = |[x, y]: [f32; 2]| (x * POINT, (height - y) * POINT);
        let (x, y) = place(*first);
        self.content.move_to(x, y);
        for corner in rest {
            let (x, y) = place(*corner);
            self.content.line_to(x, y);
        }
        self.content.close_path();
        self.content.fill_nonzero();
    }

    /// Fills an upright rectangle.
    pub fn rectangle(&mut self, [x, y]: [f32; 2], width: f32, height: f32, colour: [u8; 3]) {
        let (right, low) = (x + width, y + height);
        self.fill(&[[x, y], [right, y], [right, low], [x, low]], colour);
    }

    /// Writes a line whose letters stand on a place, so many millimetres high. What Latin-1 does not have is a `?`.
    pub fn text(&mut self, [x, y]: [f32; 2], height: f32, text: &str) {
        let latin = |letter: char| u8::try_from(u32::from(letter)).unwrap_or(b'?');
        let bytes: Vec<u8> = text.chars().map(latin).collect();
        self.content.begin_text();
        self.content.set_fill_rgb(0.0, 0.0, 0.0);
        self.content.set_font(FONT, height * POINT);
        self.content.next_line(x * POINT, (self.size.height - y) * POINT);
        self.content.show(Str(&bytes));
        self.content.end_text();
    }
}

/// The whole file.
pub fn pdf(pages: Vec<Page>) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let [catalog, tree, font] = [1, 2, 3].map(Ref::new);
    let ids = |index: usize| [4, 5].map(|first| Ref::new(first + 2 * index as i32));
    pdf.catalog(catalog).pages(tree);
    pdf.pages(tree).kids((0..pages.len()).map(|index| ids(index)[0])).count(pages.len() as i32);
    pdf.type1_font(font).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    for (index, drawn) in pages.into_iter().enumerate() {
        let [id, content] = ids(index);
        let mut page = pdf.page(id);
        page.media_box(Rect::new(0.0, 0.0, drawn.size.width * POINT, drawn.size.height * POINT));
        page.parent(tree).contents(content);
        page.resources().fonts().pair(FONT, font);
        page.finish();
        pdf.stream(content, &drawn.content.finish());
    }
    pdf.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_stands_in_the_file_in_points() {
        let mut page = Page::new(A4);
        page.rectangle([0.0, 297.0 - 25.4], 25.4, 25.4, [255, 0, 0]);
        page.text([25.4, 297.0], 10.0, "AB-12 (Müller) 皮");
        let file = pdf(vec![page]);
        let text = String::from_utf8_lossy(&file).into_owned();
        assert!(
            text.starts_with("%PDF-") && text.contains("/Helvetica") && text.contains("1 0 0 rg"),
            "{text}"
        );
        assert!(text.contains("72 0 l") && text.contains("/Count 1"), "{text}");
        // "AB-12 (Müller) ?", in Latin-1.
        assert!(text.contains("<41422D313220284DFC6C6C657229203F>"), "{text}");
    }
}
