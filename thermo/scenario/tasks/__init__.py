"""What a scenario can ask for: one file a task, listed in `thermo.scenario.tasks.kinds`."""
