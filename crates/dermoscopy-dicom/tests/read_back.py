"""Reads the files of `tests/files.rs` back with pydicom, and says what is not as it was written."""

import sys
from pathlib import Path

import pydicom
from pydicom.encaps import generate_frames

folder = Path(sys.argv[1])
image = pydicom.dcmread(folder / "full.dcm")
jpeg = (folder / "picture.jpg").read_bytes()
frame = next(generate_frames(image.PixelData, number_of_frames=1))
assert frame[: len(jpeg)] == jpeg and len(frame) - len(jpeg) <= 1, "the JPEG is not as it was"
assert image.file_meta.TransferSyntaxUID.name == "JPEG Baseline (Process 1)"
for name, wanted in {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.7",
    "PatientID": "AB-12 M\u00fcller\uff3cx",
    "DeviceSerialNumber": "scope-\u00e97",
    "SoftwareVersions": "0.1.0",
    "AcquisitionDateTime": "20260503091502.250000+0000",
    "ImageLaterality": "L",
    "LightSourcePolarization": "POLARIZED",
    "ImmersionMedia": "ULTRASOUND_GEL",
    "ContactMethod": "CONTACT",
    "TrackingID": "AB-12 L3",
    "TrackingUID": "2.25.115340515811995406911027040521040403732",
    "PhotometricInterpretation": "YBR_FULL_422",
    "Rows": 64,
    "Columns": 96,
    "PixelSpacing": [0.020833, 0.020833],
    "OpticalMagnificationFactor": 10,
    "BurnedInAnnotation": "NO",
}.items():
    assert image[name].value == wanted, (name, image[name].value)
site = image.AnatomicRegionSequence[0]
assert (site.CodeValue, site.CodingSchemeDesignator) == ("371311000", "SCT")
assert "Not a diagnosis" in image.ImageComments and "above the elbow" in image.ImageComments

report = pydicom.dcmread(folder / "full-sr.dcm")
assert report.StudyInstanceUID == image.StudyInstanceUID
assert report.SeriesInstanceUID != image.SeriesInstanceUID
evidence = report.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
assert evidence.SeriesInstanceUID == image.SeriesInstanceUID
assert evidence.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == image.SOPInstanceUID
said = {}
for item in report.ContentSequence:
    meaning = item.ConceptNameCodeSequence[0].CodeMeaning
    if item.ValueType == "NUM":
        said[meaning] = float(item.MeasuredValueSequence[0].NumericValue)
    elif item.ValueType == "TEXT":
        said[meaning] = item.TextValue
assert said["Word shown"] == "SUSPICIOUS" and said["P(malignant)"] == 61.25, said
assert said["Melanoma"] == 55 and said["Actinic keratosis / Bowen's disease"] == 5, said
assert said["Tracking Identifier"] == "AB-12 L3" and said["What this is"] == "Research use only. Not a diagnosis."
assert report.VerificationFlag == "UNVERIFIED"

bare = pydicom.dcmread(folder / "bare.dcm")
assert "AcquisitionDateTime" not in bare and "PixelSpacing" not in bare and "AnatomicRegionSequence" not in bare
assert not bare.LightSourcePolarization and "TrackingUID" not in bare and "ImageLaterality" not in bare
assert bare.StudyDate == "" and bare.PatientID == "" and "clock was not set" in bare.ImageComments
assert bare.PixelData[:45] == bytes([90] * 45) and (bare.Rows, bare.Columns) == (3, 5)
assert bare.StudyInstanceUID != image.StudyInstanceUID
dry = pydicom.dcmread(folder / "dry.dcm")
assert (dry.ContactMethod, dry.LightSourcePolarization, dry.ImageLaterality) == ("NON_CONTACT", "NON_POLARIZED", "U")
assert dry.StudyInstanceUID == image.StudyInstanceUID and dry.SeriesInstanceUID == image.SeriesInstanceUID
for one in (image, dry, report, bare):
    assert not any(element.tag.is_private for element in one.iterall()), "a private element"
