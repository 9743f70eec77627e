"""Every hyper-parameter of the learning step, with its default and the reason for it."""

from dataclasses import dataclass

from models_py.errors import LearningError

WEIGHTINGS = ("auto", "definitions")


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """Settings of one learning run. Frozen: a run is a function of data, history and these.

    `threads` and `tmp_dir` never change a result; everything else may.
    """

    # --- choice of k
    k_min: int = 3  # two segments are a split and not a segmentation
    k_max: int = 8  # more than eight are not remembered, named and served apart
    fixed_k: int | None = None  # the user's choice; the scan then has this one row
    active_k: int | None = None  # k of the stored fit; it stays unless another is clearly better
    min_segment_share: float = 0.02  # a smaller segment is not worth a campaign of its own

    # --- search
    seed: int = 20170101
    threads: int = 2
    start_count: int = 10  # seeded k-means++ starts for each k on the sample
    finalist_count: int = 4  # best starts that continue from the small to the whole sample
    sample_size: int = 100_000  # rows the finalists see
    seeding_sample_size: int = 10_000  # rows k-means++ draws its centres from
    search_iterations: int = 60  # Lloyd iterations of a start; most stop at 10 to 30
    polish_iterations: int = 10  # trimmed Lloyd passes over all rows; most need 2 or 3
    polish_tolerance: float = 1e-5  # relative gain in the objective below which to stop
    trim_share: float = 0.01  # at most this share of rows is kept from pulling a centre
    trim_deviations: float = 5.0  # median + 5 robust deviations: past it a row is extreme

    # --- stability and structure
    half_sample_count: int = 10  # splits into two halves: 20 fits for each k
    half_sample_starts: int = 3  # starts of each half-sample fit
    stability_sample_size: int = 20_000  # rows that starts see, and that halves are drawn from
    reference_count: int = 5  # draws of each kind of reference without structure
    reference_starts: int = 3  # starts of each reference fit
    reference_sample_size: int = 8_000  # rows of a reference

    # --- weights
    weighting: str = "auto"  # definitions: never look for other weights in the data
    weighting_sample_size: int = 5_000  # rows that weights are found and judged on

    # --- identity
    warm_tolerance: float = 0.001  # warm wins when its inertia is at most 0.1 % worse
    match_minimum_jaccard: float = 1 / 3  # equal-sized segments that share half their members

    # --- drift
    drift_threshold: float = 0.25  # the usual "population has changed" mark of the index
    drift_bin_count: int = 10  # deciles, as the index is usually read

    # --- words
    min_spoken_difference: float = 0.3  # a smaller one, in standard deviations, is not spoken of
    large_difference: float = 1.0  # from here on it is called "very"
    min_need_loading: float = 0.2  # a need is described by features that correlate with it so much

    # --- input and memory
    quantile_sample_size: int = 250_000  # up to here quantiles are exact, above from a sample
    chunk_rows: int = 32_768  # rows of a pass; fixed, because sums are taken in chunk order
    absurd_value: float = 1e15  # past it float64 cannot tell customers a unit apart
    tmp_dir: str | None = None  # where the scaled float32 matrix lies meanwhile

    def __post_init__(self) -> None:
        checks = (
            (1 <= self.k_min <= self.k_max, "1 <= k_min <= k_max", (self.k_min, self.k_max)),
            (self.k_max <= 100, "k_max of at most 100", self.k_max),
            (
                self.fixed_k is None or 1 <= self.fixed_k <= 100,
                "fixed_k empty or from 1 to 100",
                self.fixed_k,
            ),
            (
                0 <= self.min_segment_share < 1,
                "min_segment_share in [0, 1)",
                self.min_segment_share,
            ),
            (self.threads >= 1, "at least one thread", self.threads),
            (self.start_count >= 1, "at least one start", self.start_count),
            (self.chunk_rows >= 1, "chunk_rows of at least 1", self.chunk_rows),
            (self.sample_size >= 100, "a sample_size of at least 100", self.sample_size),
            (0 <= self.trim_share < 0.5, "trim_share in [0, 0.5)", self.trim_share),
            (self.half_sample_count >= 1, "at least one half sample", self.half_sample_count),
            (self.reference_count >= 1, "at least one reference", self.reference_count),
            (self.weighting in WEIGHTINGS, "weighting auto or definitions", self.weighting),
            (
                100 <= self.weighting_sample_size <= 20_000,
                "a weighting_sample_size from 100 to 20000",
                self.weighting_sample_size,
            ),
            (self.seed >= 0, "a seed of 0 or more", self.seed),
        )
        for is_met, expected, found in checks:
            if not is_met:
                raise LearningError(f"settings: expected {expected}, found {found}; change it")

    @property
    def candidates(self) -> tuple[int, ...]:
        """The values of k that the scan tries, ascending."""
        if self.fixed_k is not None:
            return (self.fixed_k,)
        return tuple(range(self.k_min, self.k_max + 1))
