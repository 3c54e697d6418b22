"""The virtual machine's device tree: qemu's own, with an SPI bus on lines of its PL061 GPIO, and a spidev on it."""

import re
import subprocess
from pathlib import Path

# The lines of the one GPIO chip. Line 3 is the machine's own power key.
SCK, MOSI, CS, DC, BACK, BUTTON, LIGHT = 0, 1, 2, 4, 5, 6, 7

NAMES = {SCK: "SCK", MOSI: "MOSI", CS: "CS", 3: "POWER", DC: "DC", BACK: "BACK", BUTTON: "BUTTON", LIGHT: "LIGHT"}

# "lwn,bk4" is one of the names that the kernel's spidev answers to.
SPI = """
    spi {{
        compatible = "spi-gpio";
        #address-cells = <1>;
        #size-cells = <0>;
        sck-gpios = <{gpio} {sck} 0>;
        mosi-gpios = <{gpio} {mosi} 0>;
        cs-gpios = <{gpio} {cs} 1>;
        num-chipselects = <1>;
        panel@0 {{
            compatible = "lwn,bk4";
            reg = <0>;
            spi-max-frequency = <10000000>;
        }};
    }};
"""

# The Raspberry Pi's own PWM driver, on registers that are a page of memory: what it writes there is only remembered.
PWM = """
    reserved-memory {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        registers@9ff00000 { reg = <0 0x9ff00000 0 0x1000>; no-map; };
    };
    pwm-clock { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <10000000>; phandle = <0x7001>; };
    pwm@9ff00000 {
        compatible = "brcm,bcm2835-pwm";
        reg = <0 0x9ff00000 0 0x28>;
        clocks = <0x7001>;
        #pwm-cells = <3>;
    };
"""


def write(path: Path, qemu: list[str]) -> None:
    """Writes the tree for the machine that these arguments of qemu describe."""
    plain = path.with_suffix(".plain")
    machine = [word.replace("virt", f"virt,dumpdtb={plain}") if word == "virt" else word for word in qemu]
    subprocess.run(machine, check=True, capture_output=True)
    dtc = ["dtc", "-q", "-I", "dtb", "-O", "dts", str(plain)]
    source = subprocess.run(dtc, check=True, capture_output=True, text=True).stdout
    chip = re.search(r"pl061@[0-9a-f]+ \{\s*phandle = <(0x[0-9a-f]+)>;", source)
    names = ", ".join(f'"{NAMES[line]}"' for line in sorted(NAMES))
    head, tail = source[: chip.end()], source[chip.end() :]
    source = f"{head}\n gpio-line-names = {names};{tail}".rstrip().removesuffix("};")
    source += SPI.format(gpio=chip[1], sck=SCK, mosi=MOSI, cs=CS) + PWM + "};\n"
    dtc = ["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(path)]
    subprocess.run(dtc, check=True, input=source, text=True)
    plain.unlink()
