"""How much work an encode may do. Presets are plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace

MANY = 100_000  # Gaussians in a stream of a megabyte
FEW = 3_000
"""Gaussians of a scene whose pictures are drawn as large as they are seen: half as many show as much."""

USUAL_IMBALANCE = 2.0  # of pruning over coding, as `Job.imbalance` has it


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Iterations of each phase."""

    pictures: int  # of the scene, to learn from and to be judged by
    drawn: int = 400  # pixels of the longer side of a render to learn from, at most
    judged: int = 800  # of one to be judged by
    look_every: int  # tiles of a picture, of which one tells what it shows of each Gaussian
    retraining_iterations: int  # one picture each, before the fit
    rounds: int  # of choosing latents and training the entropy networks in turn
    base_iterations: int  # training of the base network, a round
    harmonic_iterations: int  # training of the harmonic network, a round
    synthesis_iterations: int  # training of the synthesis network; 0: a stream without one
    turns: int  # of rounding by pictures
    batch: int  # pictures in each
    trials: int  # of other plans: where the first is out of balance, or everywhere if `thorough`
    trial_iterations: int  # of retraining, in each
    probes: int  # pictures that tell rounding how the error bends; 0: visibility does, sooner and not as well
    least_iterations: int = 100  # of retraining, in a rung of a ladder
    thorough: bool = True
    stretch: float = 1.0  # how many times as many iterations and turns a stream of few Gaussians gets

    @property
    def pixels(self) -> float:
        """Of a picture to learn from, as a share of 800 x 600."""
        return (self.drawn / 800) ** 2

    def for_leaves(self, leaves: int, learnt: int | None = None, imbalance: float = USUAL_IMBALANCE) -> Preset:
        """For a stream of so many Gaussians: where MANY take their time, fewer may go on for longer, and
        where they are FEW learn and round no longer for that.

        learnt: how many there were as they learnt last, if ever. What is left has to make up for what went since: all
        iterations where half of them went, by the square where fewer, more where that hurts more than coding does, and
        not below the least (docs/design.md).
        """
        factor = min(self.stretch, max(1.0, MANY / max(leaves, 1)))
        drawing = factor if leaves > FEW else 1.0
        iterations = self.retraining_iterations
        if learnt is not None:
            gone = max(1 - leaves / learnt, 0.0)
            share = min((2 * gone) ** 2 * (imbalance / USUAL_IMBALANCE) ** 0.5, 1.0)
            iterations = max(round(share * iterations), self.least_iterations)
        return replace(
            self,
            retraining_iterations=round(drawing * iterations),
            rounds=round(factor * self.rounds),
            turns=round(drawing * self.turns),
            stretch=1.0,
        )

    def for_scene(self, gaussians: int) -> Preset:
        """For a scene of so many Gaussians."""
        return self if gaussians > FEW else replace(self, pictures=self.pictures // 2)

    def continued(self) -> Preset:
        """For a fit that starts where another ended."""
        fast = PRESETS["fast"]
        return replace(
            self,
            rounds=max(self.rounds - 2, 1),
            batch=max(self.batch * 4 // 5, fast.batch),
            trials=max(self.trials - 1, fast.trials),
            probes=self.probes // 4,
        )


PRESETS = {
    "fast": Preset(
        pictures=192,
        judged=400,
        look_every=3,
        retraining_iterations=200,
        least_iterations=200,
        rounds=1,
        base_iterations=500,
        harmonic_iterations=150,
        synthesis_iterations=0,
        turns=8,
        batch=8,
        trials=2,
        trial_iterations=50,
        probes=0,
        thorough=False,
        stretch=2.0,
    ),
    "default": Preset(
        pictures=288,
        drawn=560,
        look_every=1,
        retraining_iterations=2000,
        rounds=3,
        base_iterations=1500,
        harmonic_iterations=600,
        synthesis_iterations=300,
        turns=80,
        batch=12,
        trials=3,
        trial_iterations=100,
        probes=252,
    ),
    "best": Preset(
        pictures=576,
        look_every=1,
        retraining_iterations=6000,
        rounds=4,
        base_iterations=4000,
        harmonic_iterations=1500,
        synthesis_iterations=600,
        turns=400,
        batch=16,
        trials=4,
        trial_iterations=200,
        probes=504,
    ),
}
