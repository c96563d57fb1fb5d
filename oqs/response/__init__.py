"""Response to small changes: Onsager's matrix around equilibrium, diagrams over gate and bias."""
