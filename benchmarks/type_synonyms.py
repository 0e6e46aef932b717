"""How well vectors of types tell synonyms from different things: what a threshold joins, by the vectors alone and with the rules.

    python -m benchmarks.type_synonyms --paraphrases project/assets/label_paraphrases.jsonl

Synonyms are labels and paraphrases of them that no training saw; different things are pairs of those labels that neither
`evaluation/label_synonyms.tsv` nor `label_sets` relate.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

from benchmarks.common import finish, machine, parser, table
from spacy_gliner_biomed.distill.type_names import singular, tidy
from spacy_gliner_biomed.distill.type_names.clusters import (
    THRESHOLD,
    broader,
    label_encoder,
    may_join,
    same_meaning,
    threshold_of,
)
from spacy_gliner_biomed.label_sets import read_paraphrases

THRESHOLDS = (0.6, 0.7, 0.8, 0.85, THRESHOLD, 0.92, 0.96)


def main() -> None:
    """Run the benchmark."""
    options = parser(__doc__, threads=False)
    options.add_argument("--paraphrases", type=Path, required=True, help="JSON Lines of labels and paraphrases")
    options.add_argument("--model", default="mini", help="whose label encoder")
    args = options.parse_args()
    told = {tidy(label): [singular(tidy(name)) for name in names] for label, names in read_paraphrases(args.paraphrases).items()}
    if args.quick:
        told = dict(list(told.items())[:10])
    labels = sorted(told)
    same = [(name, label) for label in labels for name in told[label]]
    other = [
        (one, two)
        for one, two in combinations(labels, 2)
        if not (same_meaning(one, two) or one in broader(two) or two in broader(one))
    ]
    names = sorted({name for pair in (*same, *other) for name in pair})
    vectors = dict(zip(names, label_encoder(args.model)(names), strict=True))
    figures = []
    for threshold in THRESHOLDS:
        figure = {"threshold": threshold, "synonyms": len(same), "different": len(other)}
        for kind, pairs in (("synonyms", same), ("different", other)):
            like = [(one, two, float(vectors[one] @ vectors[two])) for one, two in pairs]
            figure[f"{kind}_by_vectors"] = sum(cosine >= threshold for _, _, cosine in like)
            figure[f"{kind}_by_both"] = sum(
                one == two or (cosine >= threshold_of(one, two, threshold) and may_join(one, two)) for one, two, cosine in like
            )
        figures.append(figure)
    heads = ["threshold", f"of {len(same)} synonyms", "with the rules", f"of {len(other)} different pairs", "with the rules"]
    columns = ("synonyms_by_vectors", "synonyms_by_both", "different_by_vectors", "different_by_both")
    rows = [[f"{figure['threshold']:.2f}", *(str(figure[column]) for column in columns)] for figure in figures]
    finish("Synonyms among types", machine(), table(heads, rows), figures, args.out)


if __name__ == "__main__":
    main()
