"""When a session can be: free times, holds, clashes, the spacing of skin, and what lies ahead."""
