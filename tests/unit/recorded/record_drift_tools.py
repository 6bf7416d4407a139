"""Ask one tool, in its own environment, and print its answers as JSON.

``ENVIRONMENT/bin/python tests/unit/recorded/record_drift_tools.py evidently > …/evidently.json``
with the packages that :data:`PACKAGES` pins. Tests only read the recorded files.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from drift_columns import Column, columns, fingerprint

PACKAGES = {
    "evidently": ("evidently==0.7.23", "pandas<3"),
    "nannyml": ("nannyml==0.13.1", "statsmodels"),
    "deepchecks": (
        "deepchecks==0.19.1",
        "numpy<2",
        "pandas<2.3",
        "scipy<1.14",
        "scikit-learn<1.6",
        "category-encoders<2.7",
        "statsmodels<0.15",
    ),
}


def evidently(column: Column) -> dict[str, float]:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    kind = {"numerical_columns": ["x"]} if column.number else {"categorical_columns": ["x"]}
    before, after = (
        Dataset.from_pandas(pd.DataFrame({"x": side}), data_definition=DataDefinition(**kind))
        for side in (column.reference, column.current)
    )
    answers = {}
    for name, options in (("default", {}), ("psi", {"method": "psi"})):
        run = Report([ValueDrift(column="x", **options)]).run(after, before)
        answers[name] = float(run.dict()["metrics"][0]["value"])
    return answers


def nannyml(column: Column) -> dict[str, float]:
    import nannyml as nml

    before, after = (
        pd.DataFrame({"x": pd.Series(side, dtype=None if column.number else "object")})
        for side in (column.reference, column.current)
    )
    numbers = ["jensen_shannon", "kolmogorov_smirnov"]
    categories = ["jensen_shannon", "chi2", "l_infinity"]
    calculator = nml.UnivariateDriftCalculator(
        column_names=["x"],
        treat_as_categorical=[] if column.number else ["x"],
        continuous_methods=numbers,
        categorical_methods=categories,
        chunk_number=1,
    )
    found = calculator.fit(before).calculate(after).filter(period="analysis").to_df()
    methods = numbers if column.number else categories
    return {
        "default" if name == "jensen_shannon" else name: float(found["x", name, "value"].iloc[0])
        for name in methods
    }


def deepchecks(column: Column) -> dict[str, float]:
    from deepchecks.tabular import Dataset
    from deepchecks.tabular.checks import FeatureDrift

    before, after = (
        Dataset(
            pd.DataFrame({"x": side, "other": np.arange(len(side))}),
            cat_features=[] if column.number else ["x"],
        )
        for side in (column.reference, column.current)
    )
    answers = {}
    asked = (
        [("default", {})]
        if column.number
        else [("default", {}), ("psi", {"categorical_drift_method": "PSI"})]
    )
    if column.number:
        asked.append(("earth_mover", {"numerical_drift_method": "EMD"}))
    for name, options in asked:
        check = FeatureDrift(columns=["x"], n_samples=None, **options)
        result = check.run(before, after, with_display=False)
        answers[name] = float(result.value["x"]["Drift score"])
    return answers


def main(tool: str) -> None:
    wanted = PACKAGES[tool][0]
    if f"{tool}=={version(tool)}" != wanted:
        raise SystemExit(f"{tool} {version(tool)} is installed, not {wanted}.")
    ask = {"evidently": evidently, "nannyml": nannyml, "deepchecks": deepchecks}[tool]
    recorded = {
        "tool": tool,
        "version": version(tool),
        "fingerprint": fingerprint(),
        "answers": {column.name: ask(column) for column in columns()},
    }
    json.dump(recorded, sys.stdout, indent=2)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
