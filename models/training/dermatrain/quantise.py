"""Float ONNX to int8 QDQ: per-channel symmetric weights, asymmetric activations."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType
from onnxruntime.quantization import quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from .geometry import normalise
from .onnx_graph import HEAD_NODES

METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}


class Pictures(CalibrationDataReader):
    """Stored pictures, one at a time, in the way that the quantiser asks for them."""

    def __init__(self, pixels: np.ndarray):
        self.pixels, self.at = pixels, 0

    def get_next(self):
        if self.at == len(self.pixels):
            return None
        self.at += 1
        return {"image": normalise(self.pixels[self.at - 1 : self.at])}


def quantise(model: onnx.ModelProto, pixels: np.ndarray, method: str, **extra) -> onnx.ModelProto:
    with TemporaryDirectory() as folder:
        source, ready, target = (Path(folder) / f"{n}.onnx" for n in ("float", "ready", "int8"))
        onnx.save(model, source)
        quant_pre_process(source, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            target,
            Pictures(pixels),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=list(HEAD_NODES),
            calibrate_method=METHODS[method],
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True, **extra},
        )
        made = onnx.load(target)
    onnx.checker.check_model(made, full_check=True)
    return made
