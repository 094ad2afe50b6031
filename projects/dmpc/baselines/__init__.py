"""What D-MPC is compared with: other dynamics and other proposals behind the same interface, MBOP's planner, a joint model with guidance,
and an MLP distilled from a planner, each in a file of its own."""
