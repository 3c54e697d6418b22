"""Writes a network like EfficientNet-Lite2 with the same outputs as an int8 TFLite file, for its speed alone.

    python benches/like.py OUT.tflite

Weights are random: LiteRT has no reader of ONNX. Needs tensorflow.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

SIDE = 256  # pixels, as the shipped network's

# kernel, stride, expansion, outputs, repeats
STAGES = [(3, 1, 1, 16, 1), (3, 2, 6, 24, 3), (5, 2, 6, 48, 3), (3, 2, 6, 88, 4), (5, 1, 6, 120, 4), (5, 2, 6, 208, 5), (3, 1, 6, 352, 1)]


def network() -> tf.keras.Model:
    layers = tf.keras.layers
    picture = layers.Input((SIDE, SIDE, 3), batch_size=1)
    x = layers.ReLU(6.0)(layers.Conv2D(32, 3, 2, "same")(picture))
    inputs = 32
    for kernel, stride, expansion, outputs, repeats in STAGES:
        for index in range(repeats):
            block, stride = x, stride if index == 0 else 1
            if expansion > 1:
                x = layers.ReLU(6.0)(layers.Conv2D(inputs * expansion, 1)(x))
            x = layers.ReLU(6.0)(layers.DepthwiseConv2D(kernel, stride, "same")(x))
            x = layers.Conv2D(outputs, 1)(x)
            x = layers.Add()([x, block]) if stride == 1 and inputs == outputs else x
            inputs = outputs
    x = layers.ReLU(6.0)(layers.Conv2D(1280, 1)(x))
    pooled = layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(picture, [layers.Dense(7)(pooled), layers.Conv2D(7, 1)(x), layers.Dense(32)(pooled)])


def main() -> None:
    rng = np.random.default_rng(1)
    converter = tf.lite.TFLiteConverter.from_keras_model(network())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([rng.uniform(-1, 1, (1, SIDE, SIDE, 3)).astype(np.float32)] for _ in range(8))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    Path(sys.argv[1]).write_bytes(converter.convert())


if __name__ == "__main__":
    main()
