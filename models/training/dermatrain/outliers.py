"""Out-of-distribution scoring by the squared length of a linear embedding.

The embedding's directions are those along which pictures that are no lesions spread
most for each unit that lesions spread: generalised eigenvectors of the two second
moments about the lesions' mean. Scaled so that lesions have unit variance in each,
the squared length is a Mahalanobis distance in that subspace.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

# Lesions vary in fewer directions than there are features; a share of the mean
# variance keeps the empty ones from looking infinitely telling.
SHRINK = 0.05


def fit_embedding(lesions, others, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Weight [size, features] and bias [size], such that embedding = weight @ x + bias."""
    mean = lesions.mean(0)
    within = np.cov(lesions.T) + SHRINK * np.eye(lesions.shape[1]) * lesions.var(0).mean()
    spread = (others - mean).T @ (others - mean) / len(others)
    root = np.linalg.inv(np.linalg.cholesky(within))
    values, vectors = np.linalg.eigh(root @ spread @ root.T)
    weight = vectors[:, np.argsort(-values)[:size]].T @ root
    return weight.astype(np.float32), (-weight @ mean).astype(np.float32)


def fit_line(lesions, *others) -> tuple[np.ndarray, np.ndarray]:
    """Weight [1, features] and bias [1] of the value that tells lesions from others best: a logistic
    regression in which the lesions weigh as much as all others together, and each kind of others as
    much as its given share. `others`: (features, share) of each kind. Lesions have a mean of nought
    and unit variance in it."""
    mean, spread = lesions.mean(0), lesions.std(0)
    spread = spread + SHRINK * spread.mean()
    shares = [(lesions, 1.0), *others]
    x = np.concatenate([features for features, _ in shares])
    y = np.r_[np.zeros(len(lesions)), np.ones(len(x) - len(lesions))]
    weights = np.concatenate([np.full(len(f), share * len(x) / 2 / len(f)) for f, share in shares])
    found = LogisticRegression(C=0.01, max_iter=300).fit((x - mean) / spread, y, weights)
    weight = found.coef_ / spread
    scale = (lesions @ weight.T).std()
    weight = weight / scale
    return weight.astype(np.float32), -(weight @ mean).astype(np.float32)


def fit_strangeness(lesions, others, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The embedding with one direction more that tells lesions from others best, whose square counts
    as much as the mean of the `size` - 1 others'."""
    (weight, bias), line = fit_embedding(lesions, others, size - 1), fit_line(lesions, (others, 1.0))
    even = np.float32((size - 1) ** -0.5)
    return np.concatenate([even * weight, line[0]]), np.concatenate([even * bias, line[1]])


def fit_principal(lesions, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The plain alternative: the lesions' own principal directions, whitened."""
    mean = lesions.mean(0)
    values, vectors = np.linalg.eigh(np.cov(lesions.T))
    order = np.argsort(-values)[:size]
    weight = (vectors[:, order] / np.sqrt(values[order])).T
    return weight.astype(np.float32), (-weight @ mean).astype(np.float32)


def distance(features, weight, bias) -> np.ndarray:
    return ((features @ weight.T + bias) ** 2).sum(1)


def values(features, weight, bias) -> np.ndarray:
    """The one value of each that a single direction gives."""
    return (features @ weight.T + bias)[:, 0]
