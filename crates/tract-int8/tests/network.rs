//! Whole networks, made here: kernels and threads give the same bits, tract itself agrees, and what is not known is
//! refused by name.

#![allow(clippy::unwrap_used)]

use prost::Message;
use tract_int8::kernels::{self, Kernel};
use tract_int8::{Network, Options, Unsupported};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, attribute_proto, type_proto,
};
use tract_onnx::prelude::*;

const SIDES: [usize; 3] = [3, 11, 14];

/// A graph that is written node by node.
#[derive(Default)]
struct Writer {
    graph: GraphProto,
}

impl Writer {
    fn node(&mut self, operator: &str, name: &str, inputs: &[&str], attributes: Vec<AttributeProto>) {
        self.graph.node.push(NodeProto {
            op_type: operator.into(),
            name: name.into(),
            input: inputs.iter().map(|input| (*input).into()).collect(),
            output: vec![name.into()],
            attribute: attributes,
            ..Default::default()
        });
    }

    fn tensor(&mut self, name: &str, sides: &[usize], kind: DataType, raw_data: Vec<u8>) {
        self.graph.initializer.push(TensorProto {
            name: name.into(),
            dims: sides.iter().map(|side| *side as i64).collect(),
            data_type: kind as i32,
            raw_data,
            ..Default::default()
        });
    }

    fn floats(&mut self, name: &str, sides: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(name, sides, DataType::Float, bytes);
    }

    fn bytes(&mut self, name: &str, sides: &[usize], values: &[i8]) {
        self.tensor(name, sides, DataType::Int8, values.iter().map(|value| *value as u8).collect());
    }

    /// A QuantizeLinear and the DequantizeLinear behind it, which is called `name`.
    fn requantise(&mut self, name: &str, input: &str, scale: f32, zero: i8) {
        let [q, s, z] = ["q", "scale", "zero"].map(|part| format!("{name}_{part}"));
        self.floats(&s, &[], &[scale]);
        self.bytes(&z, &[], &[zero]);
        self.node("QuantizeLinear", &q, &[input, &s, &z], Vec::new());
        self.node("DequantizeLinear", name, &[&q, &s, &z], Vec::new());
    }

    /// A convolution with weights of its own, scaled per output.
    fn conv(&mut self, name: &str, input: &str, sides: [usize; 4], groups: i64, stride: i64) {
        let [outputs, inputs, kernel, _] = sides;
        let count = sides.iter().product::<usize>();
        let weights: Vec<_> = (0..count).map(|index| (index * 37 % 255) as u8 as i8).collect();
        let weights: Vec<_> = weights.iter().map(|weight| (*weight).max(-127)).collect();
        let depth = (kernel * kernel * inputs) as f32;
        let scales: Vec<_> =
            (0..outputs).map(|output| (1.0 + output as f32 / 7.0) / (90.0 * depth.sqrt())).collect();
        let [w, q, s, z] = ["w", "wq", "ws", "wz"].map(|part| format!("{name}_{part}"));
        self.bytes(&q, &sides, &weights);
        self.floats(&s, &[outputs], &scales);
        self.bytes(&z, &[outputs], &vec![0; outputs]);
        self.node("DequantizeLinear", &w, &[&q, &s, &z], vec![integers("axis", &[0])]);
        let bias = format!("{name}_bias");
        self.floats(
            &bias,
            &[outputs],
            &(0..outputs).map(|output| output as f32 / 40.0 - 0.1).collect::<Vec<_>>(),
        );
        let pad = kernel as i64 / 2;
        let attributes = vec![
            integers("group", &[groups]),
            integers("kernel_shape", &[kernel as i64; 2]),
            integers("pads", &[pad; 4]),
            integers("strides", &[stride; 2]),
        ];
        self.node("Conv", name, &[input, &w, &bias], attributes);
    }

    fn file(mut self, sides: &[Option<usize>], outputs: &[&str]) -> Vec<u8> {
        let dimension = |side: &Option<usize>| Dimension {
            value: Some(match side {
                Some(side) => dimension::Value::DimValue(*side as i64),
                None => dimension::Value::DimParam("batch".into()),
            }),
            ..Default::default()
        };
        let value = |name: &str, shape: Option<TensorShapeProto>| ValueInfoProto {
            name: name.into(),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                    elem_type: DataType::Float as i32,
                    shape,
                })),
                ..Default::default()
            }),
            ..Default::default()
        };
        let shape = TensorShapeProto { dim: sides.iter().map(dimension).collect() };
        self.graph.input = vec![value("picture", Some(shape))];
        self.graph.output = outputs.iter().map(|name| value(name, None)).collect();
        let opset = OperatorSetIdProto { domain: String::new(), version: 13 };
        let model = ModelProto {
            ir_version: 8,
            opset_import: vec![opset],
            graph: Some(self.graph),
            ..Default::default()
        };
        model.encode_to_vec()
    }
}

fn integers(name: &str, values: &[i64]) -> AttributeProto {
    let mut attribute = AttributeProto { name: name.into(), ..Default::default() };
    match values {
        [value] if !matches!(name, "pads" | "strides" | "kernel_shape") => {
            attribute.i = *value;
            attribute.r#type = attribute_proto::AttributeType::Int.into();
        }
        _ => {
            attribute.ints = values.to_vec();
            attribute.r#type = attribute_proto::AttributeType::Ints.into();
        }
    }
    attribute
}

/// Convolutions of both kinds, a ReLU, a sum, and an end of features, logits and a map.
fn layers(pool: &str) -> Writer {
    let mut graph = Writer::default();
    graph.requantise("x", "picture", 1.0 / 100.0, 3);
    graph.conv("stem", "x", [16, 3, 3, 3], 1, 2);
    graph.node("Relu", "stem_relu", &["stem"], Vec::new());
    graph.requantise("a", "stem_relu", 1.0 / 60.0, -128);
    graph.conv("deep", "a", [16, 1, 5, 5], 16, 1);
    graph.requantise("b", "deep", 1.0 / 50.0, -7);
    graph.node("Add", "sum", &["a", "b"], Vec::new());
    graph.requantise("c", "sum", 1.0 / 30.0, -40);
    graph.conv("wide", "c", [23, 16, 1, 1], 1, 1);
    graph.requantise("d", "wide", 1.0 / 30.0, 5);
    graph.floats("map_weights", &[2, 23, 1, 1], &(0..46).map(|i| (i as f32 * 0.7).sin()).collect::<Vec<_>>());
    graph.node("Conv", "map", &["d", "map_weights"], Vec::new());
    graph.node(pool, "pool", &["d"], Vec::new());
    graph.node("Flatten", "features", &["pool"], Vec::new());
    graph.floats("dense_weights", &[4, 23], &(0..92).map(|i| (i as f32 * 0.3).cos()).collect::<Vec<_>>());
    graph.floats("dense_bias", &[4], &[0.1, -0.2, 0.3, -0.4]);
    graph.node(
        "Gemm",
        "logits",
        &["features", "dense_weights", "dense_bias"],
        vec![integers("transB", &[1])],
    );
    graph
}

fn network() -> Vec<u8> {
    let sides = [Some(1), Some(SIDES[0]), Some(SIDES[1]), Some(SIDES[2])];
    layers("GlobalAveragePool").file(&sides, &["logits", "map"])
}

fn picture() -> Vec<f32> {
    (0..SIDES.iter().product()).map(|index: usize| (index as f32 * 0.61).sin()).collect()
}

fn values(outputs: &[TValue]) -> Vec<Vec<f32>> {
    let values = |tensor: &TValue| tensor.to_plain_array_view::<f32>().unwrap().iter().copied().collect();
    outputs.iter().map(values).collect()
}

fn run(kernel: &'static dyn Kernel, threads: usize) -> Vec<Vec<f32>> {
    let mut network = Network::load(&network(), &Options { kernel, threads, ..Options::default() }).unwrap();
    values(&network.run(&picture()).unwrap())
}

fn refusal(file: &[u8], options: &Options) -> String {
    format!("{:#}", Network::load(file, options).err().expect("it must be refused"))
}

#[test]
fn every_kernel_and_any_number_of_threads_give_the_definitions_bits() {
    let expected = run(&kernels::Scalar, 1);
    assert_eq!(expected.iter().map(Vec::len).collect::<Vec<_>>(), [4, 2 * 6 * 7]);
    for kernel in kernels::available() {
        for threads in [1, 2, 3, 9] {
            assert_eq!(run(kernel, threads), expected, "{} with {threads} threads", kernel.name());
        }
    }
}

#[test]
fn tract_itself_agrees() {
    let found = run(kernels::fastest(), 1);
    let stock = tract_onnx::onnx()
        .model_for_read(&mut std::io::Cursor::new(network()))
        .unwrap()
        .into_optimized()
        .unwrap()
        .into_runnable()
        .unwrap();
    let input = Tensor::from_shape(&[1, SIDES[0], SIDES[1], SIDES[2]], &picture()).unwrap();
    let expected = values(&stock.run(tvec!(input.into())).unwrap());
    for (found, expected) in found.iter().zip(&expected) {
        let span = expected.iter().fold(0.0f32, |span, value| span.max(value.abs()));
        let worst = found.iter().zip(expected).fold(0.0f32, |worst, (a, b)| worst.max((a - b).abs()));
        assert_eq!(found.len(), expected.len());
        // A sum that falls on the other side of a half moves one step of a map.
        assert!(span > 0.5 && worst < 0.03 * span, "{worst} of {span}: {found:?} {expected:?}");
    }
}

#[test]
fn outputs_come_in_the_order_that_was_asked_for() {
    let outputs = Some(vec!["map".into(), "logits".into()]);
    let mut network = Network::load(&network(), &Options { outputs, ..Options::default() }).unwrap();
    assert_eq!(network.outputs(), ["map", "logits"]);
    let found = network.run(&picture()).unwrap();
    assert_eq!([found[0].shape(), found[1].shape()], [&[1, 2, 6, 7][..], &[1, 4]]);
}

#[test]
fn a_profile_names_every_operator_once() {
    let mut network = Network::load(&network(), &Options::default()).unwrap();
    let steps = network.profile(&picture()).unwrap();
    let operators: Vec<_> = steps.iter().map(|step| step.operator.as_str()).collect();
    for operator in ["Int8Quantise", "Int8Conv", "Int8Depthwise5x5", "Int8Add", "Int8Conv1x1", "Int8Pool"] {
        assert_eq!(
            operators.iter().filter(|found| **found == operator).count(),
            1,
            "{operator}: {operators:?}"
        );
    }
}

#[test]
fn open_sides_are_asked_for_and_a_free_batch_is_one() {
    let [channels, height, width] = SIDES.map(Some);
    let file = |sides: &[Option<usize>]| layers("GlobalAveragePool").file(sides, &["logits"]);
    let message = refusal(&file(&[Some(1), channels, None, width]), &Options::default());
    assert!(message.contains("`picture`") && message.contains("give it"), "{message}");
    let given = Options { input: Some(SIDES), ..Options::default() };
    assert!(Network::load(&file(&[Some(1), channels, None, width]), &given).is_ok());
    let network = Network::load(&file(&[None, channels, height, width]), &Options::default()).unwrap();
    assert_eq!(network.input(), SIDES);
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let sides = [Some(1), Some(3), Some(11), Some(14)];
    let file = layers("GlobalMaxPool").file(&sides, &["logits"]);
    let error = Network::load(&file, &Options::default()).err().expect("it must be refused");
    let expected = Unsupported { node: "pool".into(), operator: "GlobalMaxPool".into() };
    assert_eq!(error.downcast_ref(), Some(&expected), "{error:#}");
    let outputs = Some(vec!["answer".into()]);
    let message = refusal(&network(), &Options { outputs, ..Options::default() });
    assert!(message.contains("no output `answer`"), "{message}");
}

#[test]
fn an_input_of_another_size_is_refused() {
    let mut network = Network::load(&network(), &Options::default()).unwrap();
    assert!(network.run(&[0.0; 12]).unwrap_err().to_string().contains("12 values, not 462"));
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let file = network();
    for length in (0..file.len()).step_by(41) {
        assert!(Network::load(&file[..length], &Options::default()).is_err(), "{length} bytes");
    }
}
