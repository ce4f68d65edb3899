import { mount } from "../mount.tsx";
import { App } from "./App.tsx";
import "./review.css";

mount(<App />);
