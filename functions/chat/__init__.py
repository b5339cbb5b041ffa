"""The core of Parley: the rules of rooms, and the few places where they meet AWS."""
