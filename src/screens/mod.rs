//! Screens: what the device shows, each drawn once into a canvas of any size.

mod about;
mod analysing;
mod attention;
mod compare;
mod details;
mod due;
mod fault;
mod goodbye;
mod history;
mod icons;
mod ink;
mod picture;
mod result;
mod retake;
mod screen;
mod self_test;
mod standing;
mod status;
mod test_card;
mod text;
mod theme;
mod viewfinder;
mod ways;
mod widgets;
mod wipe;
mod words;

use embedded_graphics::geometry::Dimensions;

use crate::panel::Canvas;
pub use screen::{About, Check, CheckState, Countdown, Hint, Page, Screen};
pub use status::Status;
use theme::Cut;
pub use words::{count, share};

/// Draws a screen over the whole canvas. Made for 96 by 96 pixels and more.
pub fn draw(screen: &Screen, status: &Status, canvas: &mut Canvas) {
    let mut area = canvas.bounding_box();
    widgets::block(canvas, area, theme::BACKGROUND);
    if let Some(note) = status.note {
        let strip = area.cut_bottom((area.size.height / 12).max(14));
        widgets::answer_strip(canvas, strip, note);
    } else if let Some(warning) = status.strip() {
        let strip = area.cut_bottom((area.size.height / 12).max(14));
        widgets::warning_strip(canvas, strip, &warning);
    } else if let Some(usb) = &status.usb {
        let strip = area.cut_bottom((area.size.height / 14).max(12));
        widgets::note_strip(canvas, strip, usb);
    }
    match screen {
        Screen::SelfTest { checks } => self_test::draw(canvas, area, checks),
        Screen::Viewfinder { frame, hint } => {
            viewfinder::draw(canvas, area, frame.as_deref(), *hint, status);
        }
        Screen::Analysing { capture } => analysing::draw(canvas, area, capture),
        Screen::Result { reading, saved, page } => {
            result::draw(canvas, area, &standing::View { reading, standing: saved.into(), page: *page });
        }
        Screen::Retake { capture, reasons, held } => retake::draw(canvas, area, capture, reasons, *held),
        Screen::History { reading, picture_fault, sequence, age, total, page } => {
            let (sequence, place, total) = (*sequence, age + 1, *total);
            let picture_fault = picture_fault.as_deref();
            let standing = standing::Standing::Past { sequence, place, total, picture_fault };
            result::draw(canvas, area, &standing::View { reading, standing, page: *page });
        }
        Screen::Unreadable { cause, sequence, age, total } => {
            history::draw_unreadable(
                canvas,
                area,
                cause,
                history::Place { sequence: *sequence, place: age + 1, total: *total },
            );
        }
        Screen::Due { lesions } => due::draw(canvas, area, lesions),
        Screen::NoHistory => history::draw_empty(canvas, area),
        Screen::Fault { title, cause, cure } => fault::draw(canvas, area, title, cause, cure),
        Screen::About { about } => about::draw(canvas, area, about),
        Screen::Wipe { about, countdown } => wipe::draw(canvas, area, about, *countdown),
        Screen::Wiping => wipe::draw_under_way(canvas, area),
        Screen::TestCard => test_card::draw(canvas, area),
        Screen::Goodbye => goodbye::draw(canvas, area),
    }
}
