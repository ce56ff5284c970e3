"""Make digits.parquet from the digits that scikit-learn carries: `python make.py`.

One row is one image: `pixels`, its 64 grey values from 0 to 16 line by line, and `label`.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_digits


def main() -> None:
    """Write the file beside this script."""
    digits = load_digits()
    table = pa.table(
        {
            "pixels": pa.array(digits.data.astype("uint8").tolist(), pa.list_(pa.uint8(), 64)),
            "label": pa.array(digits.target.tolist(), pa.uint8()),
        }
    )
    pq.write_table(table, Path(__file__).with_name("digits.parquet"), compression="zstd")


if __name__ == "__main__":
    main()
