"""Shows a PDF's first page as a printer would print it: `render.py FILE PICTURE DPI [LEFT TOP RIGHT LOWER]` in mm."""

import sys

import pypdfium2

path, picture, dpi = sys.argv[1], sys.argv[2], float(sys.argv[3])
page = pypdfium2.PdfDocument(path)[0].render(scale=dpi / 72).to_pil().convert("RGB")
if len(sys.argv) > 4:
    page = page.crop([round(float(side) / 25.4 * dpi) for side in sys.argv[4:8]])
page.save(picture)
