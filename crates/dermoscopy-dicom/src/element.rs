//! Elements of a data set, as they are written here.

use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::Error;

/// The root of what wrote the file, for its head: of this program, by the same rule as every other.
const IMPLEMENTATION: &str = "dermascope implementation 1";

/// A data set being made.
pub struct Elements(InMemDicomObject);

impl Default for Elements {
    fn default() -> Self {
        Self(InMemDicomObject::new_empty())
    }
}

impl Elements {
    /// A value in words, numbers and codes alike.
    pub fn text(&mut self, tag: Tag, vr: VR, value: &str) -> &mut Self {
        // A backslash would make two values of one; texts of whole lines may have it.
        let value = if matches!(vr, VR::UT | VR::LT | VR::ST) {
            value.into()
        } else {
            value.replace('\\', "\u{ff3c}")
        };
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
        self
    }

    /// An element that must be there and says nothing.
    pub fn empty(&mut self, tag: Tag, vr: VR) -> &mut Self {
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::Empty));
        self
    }

    pub fn number(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.0.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
        self
    }

    /// Bytes, one more where they are odd.
    pub fn bytes(&mut self, tag: Tag, bytes: &[u8]) -> &mut Self {
        let mut padded = bytes.to_vec();
        if padded.len() % 2 == 1 {
            padded.push(0);
        }
        self.0.put(DataElement::new(tag, VR::OB, PrimitiveValue::from(padded)));
        self
    }

    /// A sequence; of no items too.
    pub fn items(&mut self, tag: Tag, items: Vec<Elements>) -> &mut Self {
        let items: Vec<_> = items.into_iter().map(|item| item.0).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    /// A sequence of one code.
    pub fn code(&mut self, tag: Tag, value: &str, scheme: &str, meaning: &str) -> &mut Self {
        use dicom_dictionary_std::tags;
        let mut code = Elements::default();
        code.text(tags::CODE_VALUE, VR::SH, value).text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme).text(
            tags::CODE_MEANING,
            VR::LO,
            &meaning.chars().take(64).collect::<String>(),
        );
        self.items(tag, vec![code])
    }

    pub fn object(&mut self) -> &mut InMemDicomObject {
        &mut self.0
    }

    /// The whole file.
    pub fn file(self, class: &str, instance: &str, syntax: &str) -> Result<Vec<u8>, Error> {
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(class)
            .media_storage_sop_instance_uid(instance)
            .transfer_syntax(syntax)
            .implementation_class_uid(crate::uid::of(IMPLEMENTATION))
            .implementation_version_name("DERMASCOPE")
            .build()
            .map_err(|error| Error::Write(error.to_string()))?;
        let mut bytes = Vec::new();
        let file = self.0.with_exact_meta(meta);
        file.write_all(&mut bytes).map_err(|error| Error::Write(error.to_string()))?;
        Ok(bytes)
    }
}

/// A decimal string of at most 16 characters.
pub fn decimal(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.chars().take(16).collect()
}
