//! What the importer reads from ONNX's own structures: numbers and attributes, checked.

use anyhow::{Context, bail, ensure};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{NodeProto, TensorProto};

use tract_onnx::prelude::TractResult;

/// The node's name, or what it makes where it has none.
pub fn name(node: &NodeProto) -> &str {
    match (node.name.as_str(), node.output.first()) {
        ("", Some(output)) => output,
        (name, _) => name,
    }
}

/// An attribute that is a list of integers; empty where it is absent.
pub fn integers(node: &NodeProto, name: &str) -> Vec<i64> {
    node.attribute
        .iter()
        .find(|attribute| attribute.name == name)
        .map(|found| found.ints.clone())
        .unwrap_or_default()
}

/// An attribute that is one integer.
pub fn integer(node: &NodeProto, name: &str, default: i64) -> i64 {
    node.attribute.iter().find(|attribute| attribute.name == name).map_or(default, |found| found.i)
}

/// An attribute that is one number.
pub fn number(node: &NodeProto, name: &str, default: f32) -> f32 {
    node.attribute.iter().find(|attribute| attribute.name == name).map_or(default, |found| found.f)
}

/// That every attribute is among those known: one that is not may change what the node means.
pub fn only(node: &NodeProto, known: &[&str]) -> TractResult<()> {
    let stranger = node.attribute.iter().find(|attribute| !known.contains(&attribute.name.as_str()));
    match stranger {
        Some(attribute) => bail!("its attribute `{}` is not known", attribute.name),
        None => Ok(()),
    }
}

/// The tensor's sides.
pub fn sides(tensor: &TensorProto) -> TractResult<Vec<usize>> {
    let sides = tensor.dims.iter().map(|side| usize::try_from(*side)).collect::<Result<_, _>>();
    sides.with_context(|| format!("tensor `{}` has a negative side", tensor.name))
}

pub fn floats(tensor: &TensorProto) -> TractResult<Vec<f32>> {
    expect_type(tensor, DataType::Float)?;
    let values = if tensor.raw_data.is_empty() {
        tensor.float_data.clone()
    } else {
        tensor.raw_data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    };
    expect_count(tensor, values)
}

pub fn bytes(tensor: &TensorProto) -> TractResult<Vec<i8>> {
    expect_type(tensor, DataType::Int8)?;
    let values = if tensor.raw_data.is_empty() {
        tensor.int32_data.iter().map(|value| *value as i8).collect()
    } else {
        tensor.raw_data.iter().map(|byte| *byte as i8).collect()
    };
    expect_count(tensor, values)
}

pub fn words(tensor: &TensorProto) -> TractResult<Vec<i32>> {
    expect_type(tensor, DataType::Int32)?;
    let values = if tensor.raw_data.is_empty() {
        tensor.int32_data.clone()
    } else {
        tensor.raw_data.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect()
    };
    expect_count(tensor, values)
}

/// The only value of a scalar.
pub fn only_value<T: Copy>(values: Vec<T>, what: &str) -> TractResult<T> {
    ensure!(values.len() == 1, "{what} has {} values where one is expected", values.len());
    Ok(values[0])
}

fn expect_type(tensor: &TensorProto, expected: DataType) -> TractResult<()> {
    let found = DataType::try_from(tensor.data_type).unwrap_or(DataType::Undefined);
    ensure!(
        found == expected,
        "tensor `{}` holds {}, not {}",
        tensor.name,
        found.as_str_name(),
        expected.as_str_name()
    );
    ensure!(tensor.external_data.is_empty(), "tensor `{}` lies outside the file", tensor.name);
    Ok(())
}

fn expect_count<T>(tensor: &TensorProto, values: Vec<T>) -> TractResult<Vec<T>> {
    let expected = sides(tensor)?.into_iter().try_fold(1usize, usize::checked_mul);
    ensure!(
        expected == Some(values.len()),
        "tensor `{}` holds {} values, but its shape is {:?}",
        tensor.name,
        values.len(),
        tensor.dims
    );
    Ok(values)
}
