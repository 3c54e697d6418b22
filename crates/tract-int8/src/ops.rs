//! The fused operators as tract's planner sees them. Maps are 1 x height x width x channels, a byte a value, in the
//! kernel's own form; see [`Kernel::flip`].

use std::fmt::Debug;
use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::op_out_of_plan;

use crate::head::{Dense, PixelDense, Pool};
use crate::kernels::{self, Kernel};
use crate::threads::Workers;

/// What an operator does, of which [`Operator`] makes an operator of tract's.
pub trait Work: Debug + Send + Sync + 'static {
    fn name(&self) -> &'static str;

    fn output(&self) -> (DatumType, TVec<usize>);

    /// Fills the whole of `out`, which has the type and shape of `output`.
    fn run(&self, inputs: &[TValue], out: &mut Tensor) -> TractResult<()>;
}

/// A node of the network.
#[derive(Clone, Debug)]
pub struct Operator(pub Arc<dyn Work>);

impl PartialEq for Operator {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Operator {}

impl Op for Operator {
    fn name(&self) -> StaticName {
        self.0.name().into()
    }

    op_as_typed_op!();
}

impl TypedOp for Operator {
    fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let (datum_type, shape) = self.0.output();
        Ok(tvec!(datum_type.fact(&*shape)))
    }

    as_op!();
}

impl EvalOp for Operator {
    fn eval(&self, _context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let (datum_type, shape) = self.0.output();
        // SAFETY: the types are u8 and f32, of which any bits are a value, and `run` fills the whole before it is read.
        let mut out = unsafe { Tensor::uninitialized_dt(datum_type, &shape)? };
        self.0.run(&inputs, &mut out)?;
        Ok(tvec!(out.into_tvalue()))
    }

    op_out_of_plan!();
}

/// From the picture, 1 x channels x height x width in f32, to a map.
#[derive(Debug)]
pub struct Quantise {
    pub quantise: kernels::Quantise,
    pub kernel: &'static dyn Kernel,
    pub workers: Arc<Workers>,
}

impl Work for Quantise {
    fn name(&self) -> &'static str {
        "Int8Quantise"
    }

    fn output(&self) -> (DatumType, TVec<usize>) {
        let kernels::Quantise { height, width, channels, .. } = self.quantise;
        (u8::datum_type(), tvec!(1, height, width, channels))
    }

    fn run(&self, inputs: &[TValue], out: &mut Tensor) -> TractResult<()> {
        let picture = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        self.workers.split(self.quantise.height, out.as_bytes_mut(), |rows, out| {
            self.kernel.quantise(&self.quantise, picture, rows, out);
        });
        Ok(())
    }
}

/// A convolution of any kind.
#[derive(Debug)]
pub struct Layer {
    pub name: &'static str,
    pub layer: Box<dyn kernels::Layer>,
    /// Height, width and channels of the output.
    pub shape: [usize; 3],
    pub workers: Arc<Workers>,
}

impl Work for Layer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn output(&self) -> (DatumType, TVec<usize>) {
        let [height, width, channels] = self.shape;
        (u8::datum_type(), tvec!(1, height, width, channels))
    }

    fn run(&self, inputs: &[TValue], out: &mut Tensor) -> TractResult<()> {
        let input = inputs[0].as_bytes();
        self.workers.split(self.shape[0], out.as_bytes_mut(), |rows, out| self.layer.rows(input, rows, out));
        Ok(())
    }
}

/// The sum of two maps of one shape.
#[derive(Debug)]
pub struct Add {
    pub add: kernels::Add,
    pub kernel: &'static dyn Kernel,
    /// Height, width and channels.
    pub shape: [usize; 3],
    pub workers: Arc<Workers>,
}

impl Work for Add {
    fn name(&self) -> &'static str {
        "Int8Add"
    }

    fn output(&self) -> (DatumType, TVec<usize>) {
        let [height, width, channels] = self.shape;
        (u8::datum_type(), tvec!(1, height, width, channels))
    }

    fn run(&self, inputs: &[TValue], out: &mut Tensor) -> TractResult<()> {
        let (left, right) = (inputs[0].as_bytes(), inputs[1].as_bytes());
        let row = self.shape[1] * self.shape[2];
        self.workers.split(self.shape[0], out.as_bytes_mut(), |rows, out| {
            let part = rows.start * row..rows.end * row;
            self.kernel.add(&self.add, &left[part.clone()], &right[part], out);
        });
        Ok(())
    }
}

impl Work for Pool {
    fn name(&self) -> &'static str {
        "Int8Pool"
    }

    fn output(&self) -> (DatumType, TVec<usize>) {
        (f32::datum_type(), tvec!(1, self.channels))
    }

    fn run(&self, inputs: &[TValue], out: &mut Tensor) -> TractResult<()> {
        Pool::run(self, inputs[0].as_bytes(), out.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(())
    }
}

impl Work for Dense {
    fn name(&self) -> &'static str {
        "FloatDense"
    }

    fn output(&self) -> (DatumType, TVec<usize>) {
        (f32::datum_type(), tvec!(1, self.bias.len()))
    }

    fn run(&self, inputs: &[TValue], out: &mut Tensor) -> TractResult<()> {
        let values = inputs[0].try_as_plain_ram()?.as_slice::<f32>()?;
        let mut out = out.try_as_plain_ram_mut()?;
        out.as_slice_mut::<f32>()?
            .iter_mut()
            .zip(Dense::run(self, values))
            .for_each(|(out, value)| *out = value);
        Ok(())
    }
}

impl Work for PixelDense {
    fn name(&self) -> &'static str {
        "FloatConv1x1"
    }

    fn output(&self) -> (DatumType, TVec<usize>) {
        (f32::datum_type(), tvec!(1, self.dense.bias.len(), self.height, self.width))
    }

    fn run(&self, inputs: &[TValue], out: &mut Tensor) -> TractResult<()> {
        PixelDense::run(self, inputs[0].as_bytes(), out.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(())
    }
}
